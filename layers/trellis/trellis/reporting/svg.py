"""Elements of SVG: the few shapes of which the picture of a network consists."""

from trellis.reporting.escaping import safe


def text(x: float, y: float, content: str, *, style: str = "", length: int = 0) -> str:
    """A line of text, cut to `length` characters; the whole is shown when pointed at."""
    whole = f"<title>{safe(content)}</title>" if length and len(content) > length else ""
    return f'<text x="{x:g}" y="{y:g}" class="{safe(style)}">{whole}{safe(content, length=length)}</text>'


def box(x: float, y: float, size: tuple[float, float], *, style: str) -> str:
    """A rounded rectangle of `size` (width, height)."""
    width, height = size
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8" class="{safe(style)}"/>'


def line(start: tuple[float, float], end: tuple[float, float], *, style: str) -> str:
    """A curve from left to right."""
    (x1, y1), (x2, y2) = start, end
    middle = (x1 + x2) / 2
    path = f"M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"
    return f'<path d="{path}" class="{safe(style)}"/>'


def dot(x: float, y: float, *, style: str, title: str) -> str:
    """A target."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="5" class="{safe(style)}"><title>{safe(title)}</title></circle>'


def mark(x: float, y: float, title: str) -> str:
    """The sign of a drift: a disc with an exclamation mark, so that it is not told by its colour alone."""
    return (
        f'<g class="mark"><title>{safe(title)}</title><circle cx="{x:g}" cy="{y:g}" r="9"/>'
        f'<text x="{x:g}" y="{y + 4:g}">!</text></g>'
    )
