"""Test score against steps as one SVG: a panel for each landscape or competition, a line for each strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from harness.report.svg import Scale, element, short, ticks
from study.figures import Estimate

COLOURS = ("#22303c", "#d9480f", "#1f7a4d", "#6741d9", "#c2255c", "#0b7285", "#e8a200", "#74818d", "#4a86c5", "#8a5a2b")
PANEL, TALL, GAP, LEFT, TOP = 330, 210, 26, 44, 34
Curves = Mapping[str, Mapping[int, Estimate]]


def picture(panels: Mapping[str, Curves], columns: int = 2) -> str:
    """Return the file's text; panels by title, curves by strategy, points by step."""
    names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    rows = -(-len(panels) // columns)
    width, height = columns * (PANEL + GAP) + GAP, TOP + rows * (TALL + 46) + 18 * (-(-len(names) // 3)) + 10
    parts = [element("rect", width="100%", height="100%", fill="#ffffff")]
    for number, (title, curves) in enumerate(panels.items()):
        x, y = GAP + (number % columns) * (PANEL + GAP), TOP + (number // columns) * (TALL + 46)
        parts += _panel(title, curves, names, x, y)
    legend = TOP + rows * (TALL + 46)
    for number, name in enumerate(names):
        x, y = GAP + (number % 3) * 230, legend + 14 + 18 * (number // 3)
        parts.append(element("line", x1=x, x2=x + 18, y1=y - 4, y2=y - 4, stroke=_colour(number), stroke_width=3))
        parts.append(element("text", name, x=x + 24, y=y, font_size=11, fill=COLOURS[0]))
    view = f"0 0 {width} {height}"
    font = "system-ui, 'DejaVu Sans', sans-serif"
    root = element("svg", *parts, xmlns="http://www.w3.org/2000/svg", viewBox=view, font_family=font, width=width)
    return f"{root}\n"


def _panel(title: str, curves: Curves, names: Sequence[str], x: float, y: float) -> list[Markup]:
    points = [point for curve in curves.values() for point in curve.values()]
    steps = [step for curve in curves.values() for step in curve]
    low, high = min(point.low for point in points), max(point.high for point in points)
    room = (high - low) * 0.05 or 0.01
    across = Scale(min(steps), max(max(steps), min(steps) + 1), x + LEFT, x + PANEL)
    up = Scale(low - room, high + room, y + TALL, y)
    parts = [element("text", title, x=x + LEFT, y=y - 8, font_size=13, font_weight="bold", fill=COLOURS[0])]
    for value in ticks(up.low, up.high, 4):
        at = up.at(value)
        parts.append(element("line", x1=x + LEFT, x2=x + PANEL, y1=at, y2=at, stroke="#dde3e8"))
        text = {"x": x + LEFT - 5, "y": at + 4, "font_size": 10, "text_anchor": "end", "fill": "#5b6873"}
        parts.append(element("text", short(value), **text))
    for value in ticks(across.low, across.high, 4):
        text = {"x": across.at(value), "y": y + TALL + 14, "font_size": 10, "text_anchor": "middle", "fill": "#5b6873"}
        parts.append(element("text", short(value), **text))
    for name, curve in curves.items():
        colour = _colour(names.index(name))
        band = [(step, point.high) for step, point in curve.items()]
        band += [(step, point.low) for step, point in reversed(list(curve.items()))]
        shape = " ".join(f"{across.at(step)},{up.at(value)}" for step, value in band)
        parts.append(element("polygon", points=shape, fill=colour, fill_opacity=0.1))
        line = " ".join(f"{across.at(step)},{up.at(point.mean)}" for step, point in curve.items())
        parts.append(element("polyline", points=line, fill="none", stroke=colour, stroke_width=1.8))
    return parts


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
