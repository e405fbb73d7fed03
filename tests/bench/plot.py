# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws how CPU seconds, calls and memory grow with the number of VPCs: one panel each, both axes linear, so a straight line is linear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

WIDTH, HEIGHT, EDGE, GAP = 260, 190, 44, 34
COLOURS = ("#c2410c", "#fb923c", "#1d4ed8", "#60a5fa")

Series = Mapping[str, Sequence[tuple[int, Mapping[str, float]]]]


def picture(series: Series) -> str:
    """``series`` has, by its name, the measured values at each number of VPCs."""
    panels = list(dict.fromkeys(what for points in series.values() for _count, values in points for what in values))
    width = len(panels) * (WIDTH + EDGE + GAP)
    parts = [part for number, what in enumerate(panels) for part in _panel(number, what, series)]
    for number, (name, colour) in enumerate(zip(series, COLOURS, strict=False)):
        x, y = EDGE + number * 190, HEIGHT + 2 * EDGE + 16
        parts += [_line(x, y - 4, 24, colour, 2), _text(x + 30, y, name, "start")]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT + 2 * EDGE + 30}" font-family="sans-serif" '
        f'font-size="11" role="img" aria-label="Growth with the number of VPCs">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _panel(number: int, what: str, series: Series) -> Iterator[str]:
    left, top = EDGE + number * (WIDTH + EDGE + GAP), EDGE
    most = max(count for points in series.values() for count, _values in points)
    high = _round_up(max(values[what] for points in series.values() for _count, values in points))
    yield _text(left, top - 16, what, "start", bold=True)
    for part in range(5):
        y = top + HEIGHT - HEIGHT * part / 4
        yield _line(left, y, WIDTH, "#e5e7eb", 1)
        yield _text(left - 6, y + 4, f"{high * part / 4:g}", "end")
    for count in (0, most // 2, most):
        yield _text(left + WIDTH * count / most, top + HEIGHT + 16, f"{count}", "middle")
    yield _text(left + WIDTH / 2, top + HEIGHT + 32, "VPCs", "middle")
    for points, colour in zip(series.values(), COLOURS, strict=False):
        places = [
            (left + WIDTH * count / most, top + HEIGHT - HEIGHT * values[what] / high)
            for count, values in sorted(points, key=lambda each: each[0])
        ]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places)


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 8 times a power of ten."""
    step = 1.0
    while step * 10 < value:
        step *= 10
    return next(step * each for each in (1, 2, 4, 8, 10) if step * each >= value)


def _line(x: float, y: float, length: float, colour: str, width: int) -> str:
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x + length:.1f}" y2="{y:.1f}" stroke="{colour}" stroke-width="{width}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#374151"{weight}>{text}</text>'
