"""A flow as an SVG picture: one text, no other program."""

from html import escape

from flows.drawing.cards import Drawing
from flows.drawing.chart import LINE_HEIGHT, PADDING, SMALL, TITLE, Chart, Figure, chart
from flows.drawing.layout import Box, Line

INK, QUIET, PAPER = "#1f2933", "#52606d", "#ffffff"
#: What a box is filled with, by its look: where a caller decides, waits for people, leaves words, is passed on.
_FILLS = {
    "menu": "#e3ecfb", "ask": "#e3ecfb", "callback": "#e3ecfb", "message": "#e3ecfb",
    "ring": "#d9f2e3", "transfer": "#d9f2e3",
    "voicemail": "#fff3d6", "hangup": "#f6dfdf", "text": "#fff3d6",
    "hours": "#efe6fa", "client": "#efe6fa",
    "door": INK, "way": PAPER, "back": PAPER,
}  # fmt: skip
_PLAIN = "#f0f4f8"
_DASHED = ("back", "unreached")


def svg(drawing: Drawing, *, title: str) -> str:
    """The picture; the same every time."""
    made = chart(drawing)
    width, height = made.layout.width, made.layout.height
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="Helvetica, Arial, sans-serif" role="img" aria-label="{_xml(title)}">',
        f"<title>{_xml(title)}</title>",
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M 0 0 L 10 5 L 0 10 z" fill="{QUIET}"/></marker></defs>',
        f'<rect width="{width}" height="{height}" rx="12" fill="{PAPER}"/>',
        *(_line(line, made) for line in made.layout.lines),
        *(_figure(name, figure, made.layout.boxes[name]) for name, figure in made.figures.items()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _line(line: Line, made: Chart) -> str:
    (x, y), *points = line.points
    path = f"M {x} {y}"
    for number, (next_x, next_y) in enumerate(points):
        half = (y + next_y) // 2
        bends = number % 2 == 1 and next_x != x
        path += f" C {x} {half} {next_x} {half} {next_x} {next_y}" if bends else f" L {next_x} {next_y}"
        x, y = next_x, next_y
    head = "" if made.figures[line.ends].look in ("way", "back") else ' marker-end="url(#head)"'
    return f'<path d="{path}" fill="none" stroke="{QUIET}" stroke-width="1.5"{head}/>'


def _figure(name: str, figure: Figure, box: Box) -> str:
    small = figure.look in ("way", "back")
    dashes = ' stroke-dasharray="5 4"' if figure.look in _DASHED else ""
    frame = (
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="{11 if small else 8}" '
        f'fill="{_FILLS.get(figure.look, _PLAIN)}" stroke="{QUIET if small else INK}" stroke-width="1.2"{dashes}/>'
    )
    if small:
        words = [_words(box.x + box.width // 2, box.y + 15, figure.title, anchor="middle")]
    elif not figure.lines:
        colour = PAPER if figure.look == "door" else INK
        words = [_words(box.x + box.width // 2, box.y + 20, figure.title, size=TITLE, colour=colour, anchor="middle")]
    else:
        words = [_words(box.x + PADDING, box.y + 20, figure.title, size=TITLE)]
        for number, line in enumerate(figure.lines, 1):
            words.append(_words(box.x + PADDING, box.y + 21 + LINE_HEIGHT * number, line, colour=QUIET))
    tip = f"<title>{_xml(figure.whole)}</title>" if figure.whole else ""
    return f'<g id="{_xml(name.replace(" ", "-"))}">{tip}\n' + "\n".join([frame, *words]) + "\n</g>"


def _words(x: int, y: int, words: str, *, size: int = SMALL, colour: str = INK, anchor: str = "start") -> str:
    weight = ' font-weight="bold"' if size == TITLE else ""
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{weight}>{_xml(words)}</text>'
    )


def _xml(words: str) -> str:
    """Words as XML can carry them; the loader has refused control characters already, a name of a file may have some."""
    return escape("".join(one if one.isprintable() or one == " " else " " for one in words))
