# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: problems of one VPC, from the catalogue. It decides nothing.

The probe runs it on agent hosts, so it stays compatible with Python 3.8.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Dict

from .catalogue import BY_ERROR, BY_TEXT, CATALOGUE, Severity
from .text import printable

#: Characters that one fact of a finding may have at most, and a list of them: whoever made a text, its length is not theirs to choose.
LONGEST_FACT, LONGEST_LIST = 2000, 20_000

#: A finding as results show it: code, vpc, severity, seen, remedy, text.
Shown = Dict[str, str]


@dataclass(frozen=True)
class Finding:
    """One problem of one VPC (by its inventory name)."""

    code: str
    vpc: str
    severity: Severity
    seen: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.vpc}: {self.text}"

    @property
    def text(self) -> str:
        return f"{self.code}: {self.seen} {self.remedy}"

    def public(self) -> Shown:
        return {
            "code": self.code,
            "vpc": self.vpc,
            "severity": self.severity,
            "seen": self.seen,
            "remedy": self.remedy,
            "text": self.text,
        }


def finding(code: str, vpc: str, **facts: Any) -> Finding:
    """A finding from the catalogue; ``facts`` fill its templates, fit for a terminal and bounded. Lists are shown sorted."""
    entry = CATALOGUE[code]
    shown = {key: _shown(value) for key, value in facts.items()}
    return Finding(code, vpc, entry.severity, _sentence(entry.seen.format(**shown)), entry.remedy.format(**shown))


def errors(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """The findings that fail a VPC, by VPC."""
    stops: dict[str, list[Finding]] = {}
    for one in findings:
        if one.severity == "error":
            stops.setdefault(one.vpc, []).append(one)
    return stops


def _sentence(text: str) -> str:
    """The text with a full stop, which AWS's messages often lack."""
    text = text.rstrip()
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return printable(", ".join(sorted(printable(item) for item in value)), LONGEST_LIST) or "none"
    return printable(f"{value:g}" if isinstance(value, float) else value, LONGEST_FACT)


def from_error(vpc: str, operation: str, message: str, code: str) -> Finding:
    """The finding that an AWS error stands for: by its text where AWS's code says little, else by its code."""
    by_text = next((known for text, known in BY_TEXT.items() if text in message), None)
    return finding(by_text or BY_ERROR.get(code, "CALL_FAILED"), vpc, operation=operation, message=message)
