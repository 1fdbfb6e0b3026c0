"""A drawn tree as a PNG, by Pillow, at twice its size unless that would be enormous; for where SVG can't be shown."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from harness.report.tree_drawing import BUGGY, PALE, PAPER, Box, Drawing, Line, Mark, Shape, Text
from harness.report.tree_svg import corners, cross

if TYPE_CHECKING:
    from PIL import ImageDraw

SCALE = 2.0
MOST_PIXELS = 60_000_000  # below Pillow's own limit for reading a picture back
ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def png(drawing: Drawing) -> bytes:
    """Return the file's bytes."""
    from PIL import Image, ImageDraw

    scale = min(SCALE, (MOST_PIXELS / (drawing.width * drawing.height)) ** 0.5)
    image = Image.new("RGB", (round(drawing.width * scale), round(drawing.height * scale)), PAPER)
    brush = _Brush(ImageDraw.Draw(image), scale)
    for shape in drawing.shapes:
        brush.draw(shape)
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()


class _Brush:
    """Draws shapes at a scale."""

    def __init__(self, draw: ImageDraw.ImageDraw, scale: float) -> None:
        self._draw = draw
        self._scale = scale

    def draw(self, shape: Shape) -> None:
        match shape:
            case Line():
                self._line(shape)
            case Box():
                corner = self._at((shape.x, shape.y)), self._at((shape.x + shape.width, shape.y + shape.height))
                self._draw.rounded_rectangle(corner, 6 * self._scale, fill="#f4f6f8", outline=PALE)
            case Text():
                font = self._font(shape.size)
                stroke = 0.3 * self._scale if shape.bold else 0
                place = self._at((shape.x, shape.y))
                self._draw.text(
                    place, shape.text, shape.colour, font, anchor=ANCHORS[shape.anchor], stroke_width=stroke
                )
            case Mark():
                self._mark(shape)

    def _line(self, line: Line) -> None:
        points = [self._at(point) for point in line.points]
        if not line.dashed:
            self._draw.line(points, line.colour, self._width(line.width), joint="curve")
            return
        (x, y), (to_x, to_y) = points[0], points[-1]
        pieces = max(1, int(((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5 / (7 * self._scale)))
        for piece in range(pieces):
            a, b = piece / pieces, (piece + 0.55) / pieces
            ends = [(x + (to_x - x) * share, y + (to_y - y) * share) for share in (a, b)]
            self._draw.line(ends, line.colour, self._width(line.width))

    def _mark(self, mark: Mark) -> None:
        look: dict[str, Any] = {"fill": mark.fill, "outline": mark.edge, "width": self._width(mark.edge_width)}
        if mark.form == "circle":
            self._draw.circle(self._at((mark.x, mark.y)), mark.size * self._scale, **look)
        else:
            self._draw.polygon([self._at(corner) for corner in corners(mark)], **look)
        for a, b, c, d in cross(mark) if mark.cross else ():
            self._draw.line([self._at((a, b)), self._at((c, d))], BUGGY, self._width(1.2))

    def _font(self, size: float) -> Any:
        from PIL import ImageFont

        return ImageFont.load_default(size * self._scale)

    def _at(self, point: tuple[float, float]) -> tuple[float, float]:
        return point[0] * self._scale, point[1] * self._scale

    def _width(self, width: float) -> int:
        return max(1, round(width * self._scale))
