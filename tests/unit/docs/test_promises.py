# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each promise names tests that there are, and README says what is promised in the same words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OWN = "https://github.com/astro-privatelink/astro.privatelink/blob/main/"
PAGE = (ROOT / "docs/promises.md").read_text()
ROWS = re.findall(r"^\| (\*\*.*|.*\*\*.*) \| (.*) \|$", PAGE.partition("## Latest figures")[0], re.MULTILINE)
#: README's sentences about what always holds. Its others describe, and promise nothing.
README = (
    "No working agent is cut off",
    "check mode shows the calls that a run sends",
    "A VPC that fails, in preflight or later, fails alone",
    "Nothing is removed unless you ask for it.",
    "Whatever ends a run, at any call to AWS or Astro, the next run finishes the job and creates nothing twice.",
)


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("`", "").replace("*", "")).lower()


@pytest.mark.parametrize("tests", [tests for _promise, tests in ROWS], ids=[plain(row[0])[:60] for row in ROWS])
def test_each_promise_is_tested(tests: str) -> None:
    named = re.findall(rf"\]\({re.escape(OWN)}([^)]+)\)", tests)
    assert named
    for path in named:
        assert re.search(r"def test_|class Test", (ROOT / path).read_text()), path


def test_every_row_is_a_promise() -> None:
    rows = [line for line in PAGE.partition("## Latest figures")[0].splitlines() if line.startswith("| ")]
    assert len(ROWS) == len(rows) - 1  # the heading


@pytest.mark.parametrize("sentence", README)
def test_readme_promises_it_in_the_same_words(sentence: str) -> None:
    assert plain(sentence) in plain((ROOT / "README.md").read_text())
    assert plain(sentence) in plain(PAGE)


def test_there_is_a_place_for_figures() -> None:
    assert PAGE.index("<!-- chaos: written by make chaos -->") < PAGE.index("<!-- end of chaos -->")
