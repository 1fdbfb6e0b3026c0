"""Small pictures as SVG elements: a strip of scores, lines over time, bars. Text is escaped, colours are CSS classes.

Classes rather than colours, so that one picture is right in light, dark and print; a title on each mark, so that
pointing at it says what it is without a script. Nothing here knows of runs or medals.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

WIDTH = 360
LEFT, RIGHT = 46, 10
MOST_POINTS = 12  # a curve with more shows its end only
LARGEST = 1e100  # an agent may report any finite number; differences of larger ones are not finite


class Mark(NamedTuple):
    """A point on a strip."""

    x: float
    kind: str
    title: str


class Line(NamedTuple):
    """A vertical line with a name, such as a medal's."""

    x: float
    kind: str
    name: str


class Curve(NamedTuple):
    """Points in rising order of x; the value holds until the next one."""

    points: Sequence[tuple[float, float]]
    kind: str
    title: str


class Scale(NamedTuple):
    """A range of values on a range of pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the pixel; what lies outside is drawn at the edge."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + min(max(share, -0.02), 1.02) * (self.end - self.start), 1)


def strip(
    marks: Sequence[Mark], lines: Sequence[Line], label: str, within: tuple[float, float] | None = None
) -> Markup:
    """Return values on one axis, those that would hide each other stacked, and named lines behind them."""
    if not marks and not lines:
        return Markup()
    height = 112 if lines else 68
    ends = (14, WIDTH - 14)
    scale = (
        Scale(*within, *ends) if within else _scale([*(mark.x for mark in marks), *(line.x for line in lines)], *ends)
    )
    parts = [*_axis(scale, height - 20)]
    for number, line in enumerate(sorted(lines, key=lambda item: item.x)):
        x, y = scale.at(line.x), 10 + 11 * (number % 4)
        anchor = "end" if x > WIDTH - 60 else "start"
        name = f"{line.name} {short(line.x)}"
        parts += [
            element("line", x1=x, x2=x, y1=y - 7, y2=height - 20, class_=f"rule {line.kind}"),
            element("text", name, x=x + (-3 if anchor == "end" else 3), y=y, class_="small", text_anchor=anchor),
        ]
    parts += _dots(marks, scale, height - 27)
    return _picture(height, label, parts)


def _dots(marks: Sequence[Mark], scale: Scale, bottom: float) -> Iterable[Markup]:
    stacks: dict[int, int] = {}
    for mark in sorted(marks, key=lambda item: item.x):
        x = scale.at(mark.x)
        place = stacks[round(x / 9)] = stacks.get(round(x / 9), -1) + 1
        y = bottom - min(place, 3) * 9  # more than that lie on top of each other
        yield element("circle", element("title", mark.title), cx=x, cy=y, r=4.5, class_=f"dot {mark.kind}")


def steps(curves: Sequence[Curve], label: str, x_name: str, *, money: bool = False) -> Markup:
    """Return curves that hold their value until the next point."""
    points = [point for curve in curves for point in curve.points]
    if not points:
        return Markup()
    height = 170
    across = Scale(0.0, max((x for x, _ in points), default=0.0) or 1.0, LEFT, WIDTH - RIGHT)
    up = _scale([y for _, y in points], height - 32, 10)
    parts = []
    for value in ticks(up.low, up.high, 4):
        y = up.at(value)
        parts += [
            element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"),
            element("text", short(value), x=LEFT - 5, y=y + 3.5, class_="small", text_anchor="end"),
        ]
    for value in ticks(0.0, across.high, 5):
        x = across.at(value)
        text = f"${short(value)}" if money else short(value)
        parts.append(element("text", text, x=x, y=height - 18, class_="small", text_anchor="middle"))
    parts.append(element("text", x_name, x=WIDTH - RIGHT, y=height - 4, class_="small", text_anchor="end"))
    parts += [_curve(curve, across, up) for curve in curves]
    return _picture(height, label, parts)


def _curve(curve: Curve, across: Scale, up: Scale) -> Markup:
    (x, y), *others = curve.points
    path = [f"M{across.at(x)} {up.at(y)}", *(f"H{across.at(x)}V{up.at(y)}" for x, y in others)]
    shown = curve.points if len(curve.points) <= MOST_POINTS else curve.points[-1:]
    dots = [element("circle", cx=across.at(x), cy=up.at(y), r=2.4, class_="point") for x, y in shown]
    line = element("path", d="".join(path), class_="curve")
    return element("g", element("title", curve.title), line, *dots, class_=curve.kind)


def bar(parts: Sequence[tuple[str, float, str]], whole: float, label: str) -> Markup:
    """Return one horizontal bar: pieces by (class, length, title), where `whole` would fill the width."""
    x, found = 0.0, []
    for kind, length, title in parts:
        wide = round(WIDTH * length / whole, 2) if whole else 0.0
        if wide > 0:
            found.append(
                element(
                    "rect", element("title", title), x=round(x, 2), y=0, width=wide, height=14, class_=f"bar {kind}"
                )
            )
        x += wide
    return _picture(14, label, found, stretch=True)


def interval(value: float, low: float | None, high: float | None, label: str) -> Markup:
    """Return a percentage from 0 to 100 as a bar, with its interval as a whisker."""
    scale = Scale(0.0, 100.0, 2, WIDTH - 2)
    found = [
        element("rect", x=2, y=5, width=WIDTH - 4, height=8, class_="bar track"),
        element("rect", x=2, y=5, width=round(scale.at(value) - 2, 1), height=8, class_="bar accent"),
    ]
    if low is not None and high is not None:
        a, b = scale.at(low), scale.at(high)
        found.append(element("path", d=f"M{a} 9H{b}M{a} 3V15M{b} 3V15", class_="whisker"))
    return _picture(18, label, found)


def element(name: str, *children: str, **attributes: object) -> Markup:
    """Return one element, all text in it escaped; `class_` and `text_anchor` stand for what Python can't spell."""
    inside = "".join(escape(child) for child in children)
    opened = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{value if isinstance(value, (int, float)) else escape(value)}"'
        for key, value in attributes.items()
    )
    return Markup(f"<{name}{opened}>{inside}</{name}>")  # noqa: S704 - every part is escaped just above


def short(value: float) -> str:
    """Return a number in few characters."""
    if value == 0:
        return "0"
    return f"{value:.4g}" if 1e-4 <= abs(value) < 1e5 else f"{value:.3g}"


def ticks(low: float, high: float, about: int) -> list[float]:
    """Return about so many round numbers within a range; one that is hardly a range has none."""
    rough = (high - low) / about
    if rough < 1 / LARGEST:
        return []
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def _scale(values: Sequence[float], start: float, end: float) -> Scale:
    low, high = (max(min(value, LARGEST), -LARGEST) for value in (min(values), max(values)))
    largest = max(abs(low), abs(high))
    around = (high - low) * 0.06
    if high - low <= max(largest * 1e-9, 1 / LARGEST):  # as good as one value
        around = max(largest * 0.05, 1e-6)
    return Scale(low - around, high + around, start, end)


def _axis(scale: Scale, y: float) -> Iterable[Markup]:
    yield element("line", x1=scale.start, x2=scale.end, y1=y, y2=y, class_="axis")
    for value in ticks(scale.low, scale.high, 4):
        x = scale.at(value)
        yield element("line", x1=x, x2=x, y1=y, y2=y + 4, class_="axis")
        yield element("text", short(value), x=x, y=y + 15, class_="small", text_anchor="middle")


def _picture(height: int, label: str, parts: Iterable[Markup], *, stretch: bool = False) -> Markup:
    fit = {"preserveAspectRatio": "none"} if stretch else {}
    return element("svg", *parts, viewBox=f"0 0 {WIDTH} {height}", role="img", aria_label=label, **fit)
