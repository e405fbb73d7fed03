# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads gauges in OpenMetrics text, and takes nothing that OpenMetrics 1.0 or Prometheus's text form forbids.

https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
"""

from __future__ import annotations

import re

#: One label; in its value, backslash, quote and line feed are escaped.
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
_SAMPLE = re.compile(rf"([a-z_]+)(?:\{{((?:{_LABEL})(?:,{_LABEL})*)?\}})? (-?[0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]+)?)")
_ESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def read(text):
    """Each gauge's samples: labels and value."""
    *lines, end, nothing = text.split("\n")
    assert (end, nothing) == ("# EOF", "")
    found, current = {}, ""
    while lines:
        line = lines.pop(0)
        if line.startswith("#"):
            current = _described(line, lines)
            assert current not in found, f"{current} is there twice"
            found[current] = []
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample, line
        assert sample[1] == current, f"{line} is not among its like"
        labels = _labels(sample[2] or "")
        assert labels not in [each for each, _value in found[current]], f"{line} is there twice"
        found[current].append((labels, float(sample[3])))
    return found


def _described(line, lines):
    """The gauge that these lines are on."""
    said = re.fullmatch(r'# HELP ([a-z_]+) [^"\\]+', line)
    assert said, line
    assert lines.pop(0) == f"# TYPE {said[1]} gauge"
    unit = re.fullmatch(rf"# UNIT {said[1]} ([a-z]+)", lines[0])
    assert bool(unit) == said[1].endswith("_seconds")
    if unit:
        assert said[1].endswith(f"_{unit[1]}")
        lines.pop(0)
    return said[1]


def _labels(text):
    pairs = [each.partition("=")[::2] for each in re.findall(_LABEL, text)]
    labels = {key: re.sub(r"\\.", lambda each: _ESCAPED[each[0]], value[1:-1]) for key, value in pairs}
    assert len(labels) == len(pairs), text
    return labels
