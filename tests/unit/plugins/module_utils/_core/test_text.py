# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts from outside, as they may be shown."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.text import printable


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\tand\rmore", "two lines and more"),
        ("\x1b[31mred\x07", "[31mred"),
        ("a\u202eb\u200bc\u2028d", "abcd"),
        ("\ud800", ""),
        (None, "None"),
        (b"bytes", "b'bytes'"),
        ("\u00fcml\u00e4ut \u4e2d\u6587", "\u00fcml\u00e4ut \u4e2d\u6587"),
    ],
)
def test_nothing_acts_on_a_terminal(given, shown):
    assert printable(given) == shown


def test_it_is_bounded():
    assert printable("x" * 10_000, 10) == "xxxxxxxxx\u2026"
    assert len(printable("\x00" * 10_000 + "x", 10)) <= 10
