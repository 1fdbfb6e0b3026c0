"""A drawn tree as one SVG file: no script, no style sheet, no request; everything in it escaped."""

from __future__ import annotations

import math

from markupsafe import Markup

from harness.report.svg import element
from harness.report.tree_drawing import BUGGY, PALE, Box, Drawing, Form, Line, Mark, Shape, Text

FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"
CORNERS: dict[Form, tuple[tuple[float, float], ...]] = {
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "triangle": ((0.0, -1.15), (1.1, 0.8), (-1.1, 0.8)),
    "diamond": ((0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)),
    "hexagon": tuple((1.15 * math.cos(math.pi * k / 3), 1.15 * math.sin(math.pi * k / 3)) for k in range(6)),
}


def svg(drawing: Drawing) -> str:
    """Return the file's text."""
    parts = [element("title", drawing.label), element("rect", width="100%", height="100%", fill="#ffffff")]
    parts += [_element(shape) for shape in drawing.shapes]
    size = {"width": _n(drawing.width), "height": _n(drawing.height)}
    view = f"0 0 {_n(drawing.width)} {_n(drawing.height)}"
    root = element("svg", *parts, xmlns="http://www.w3.org/2000/svg", viewBox=view, font_family=FONT, **size)
    return f"{root}\n"


def corners(mark: Mark) -> list[tuple[float, float]]:
    """Return the corners of a mark that has some."""
    return [(mark.x + mark.size * x, mark.y + mark.size * y) for x, y in CORNERS[mark.form]]


def cross(mark: Mark) -> tuple[tuple[float, float, float, float], ...]:
    """Return the two strokes over a buggy node."""
    d = mark.size * 0.45
    return (mark.x - d, mark.y - d, mark.x + d, mark.y + d), (mark.x - d, mark.y + d, mark.x + d, mark.y - d)


def _element(shape: Shape) -> Markup:
    match shape:
        case Line():
            dashes = {"stroke_dasharray": "4 3"} if shape.dashed else {}
            points = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.points)
            return element(
                "polyline", points=points, fill="none", stroke=shape.colour, stroke_width=shape.width, **dashes
            )
        case Box():
            place = {"x": _n(shape.x), "y": _n(shape.y), "width": _n(shape.width), "height": _n(shape.height)}
            return element("rect", **place, rx=6, fill="#f4f6f8", stroke=PALE, stroke_width=0.6)
        case Text():
            weight = {"font_weight": "bold"} if shape.bold else {}
            place = {"x": _n(shape.x), "y": _n(shape.y), "font_size": _n(shape.size)}
            return element("text", shape.text, **place, fill=shape.colour, text_anchor=shape.anchor, **weight)
        case Mark():
            return _mark(shape)


def _mark(mark: Mark) -> Markup:
    look = {"fill": mark.fill, "stroke": mark.edge, "stroke_width": mark.edge_width}
    if mark.form == "circle":
        body = element("circle", cx=_n(mark.x), cy=_n(mark.y), r=_n(mark.size), **look)
    else:
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in corners(mark))
        body = element("polygon", points=points, stroke_linejoin="round", **look)
    strokes = [
        element("line", x1=_n(a), y1=_n(b), x2=_n(c), y2=_n(d), stroke=BUGGY, stroke_width=1.2)
        for a, b, c, d in (cross(mark) if mark.cross else ())
    ]
    return element("g", element("title", mark.title), body, *strokes)


def _n(number: float) -> float:
    """Return a number in few digits."""
    return round(number, 1)
