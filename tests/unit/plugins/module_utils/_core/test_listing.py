# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings as lines: errors first, the same thing about several VPCs once."""

from __future__ import annotations

from ansible_collections.astro.privatelink.plugins.module_utils._core.listing import listing


def one(code, vpc, severity="error", seen="It is so."):
    return {"code": code, "vpc": vpc, "severity": severity, "seen": seen, "remedy": "Fix it.", "text": "unused"}


def test_nothing_found_is_nothing_said():
    assert listing([]) == []


def test_errors_come_first_and_alike_findings_are_one():
    found = [
        one("CUSTOM_DNS", "c", "warning"),
        one("READ_FAILED", "b"),
        one("READ_FAILED", "a"),
        one("READ_FAILED", "a"),
        one("READ_FAILED", "d", seen="It is otherwise."),
    ]
    assert listing(found) == [
        "2 errors, 1 warning",
        "ERROR   READ_FAILED  a, b",
        "        It is so.",
        "        -> Fix it.",
        "ERROR   READ_FAILED  d",
        "        It is otherwise.",
        "        -> Fix it.",
        "WARNING CUSTOM_DNS  c",
        "        It is so.",
        "        -> Fix it.",
    ]
