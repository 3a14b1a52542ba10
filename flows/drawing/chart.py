"""A drawing as boxes with lines of words, and the lines between them: what `flows.drawing.svg` draws.

What a way on takes (a key, "nobody answers") is a small box of its own on the way, so that no words stand in the way of
anything. A way back to a step that is drawn above is no line but a small box that names it: most menus are gone back to."""

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flows.drawing.cards import Card, Drawing, TextWay, Way
from flows.drawing.layout import Edge, Layout, lay_out

TITLE, SMALL = 15, 12
LINE_HEIGHT = 17
PADDING = 12
#: Characters in a line of words, and lines of words in a box.
COLUMNS, MOST_LINES = 36, 5
#: Widths in parts of the size: of the widest font that a browser may take for a sans-serif, so that words stay inside.
_WIDTHS = {"ijl.,:;'|! ": 0.36, 'frt()[]-/“”’"': 0.53, "mwMW@%—…→": 1.02, "ABCDEFGHIJKLNOPQRSTUVXYZ&#+=<>": 0.82}
_EACH = {character: width for characters, width in _WIDTHS.items() for character in characters}
_BOLD = 1.13


@dataclass(frozen=True)
class Figure:
    """A box: what it looks like, its title, the words below it, and all of the words for whoever points at it."""

    look: str
    title: str
    lines: tuple[str, ...] = ()
    whole: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        if self.look in ("way", "back"):
            return round(width_of(self.title, SMALL)) + 18, 22
        words = [width_of(self.title, TITLE, bold=True), *(width_of(line, SMALL) for line in self.lines)]
        return max(90, round(max(words)) + 2 * PADDING), 30 + LINE_HEIGHT * len(self.lines) + (4 if self.lines else 0)


@dataclass(frozen=True)
class Chart:
    """Boxes by name, and where everything stands."""

    figures: dict[str, Figure]
    layout: Layout


def width_of(words: str, size: int, *, bold: bool = False) -> float:
    """How wide words are at most."""
    return sum(_width(character) for character in words) * size * (_BOLD if bold else 1)


def _width(character: str) -> float:
    if character in _EACH:
        return _EACH[character]
    if unicodedata.combining(character):
        return 0.0
    wide = unicodedata.east_asian_width(character) in "WF"
    return 1.4 if wide else 0.67 if character.isascii() else 1.05


def chart(drawing: Drawing) -> Chart:
    """Everything of the drawing in its place."""
    figures: dict[str, Figure] = {"a call": Figure("door", "A call")}
    edges: list[Edge] = [Edge("a call", f"step {drawing.start}", 2)]
    above = _backwards(drawing)
    for card in drawing.cards:
        figures[f"step {card.name}"] = _figure(card, reached=card.name not in drawing.unreached)
        for number, (to, ways) in enumerate(_by_target(card.ways)):
            _add_way(figures, edges, (card.name, to), ways, f"way {card.name} {number}", back=(card.name, to) in above)
    _add_texts(figures, edges, drawing.texts)
    sizes = {name: figure.size for name, figure in figures.items()}
    return Chart(figures, lay_out(sizes, edges))


def _by_target(ways: Sequence[Way]) -> list[tuple[str, list[Way]]]:
    """The ways by the step that they lead to: several keys with one meaning share a box."""
    found: dict[tuple[str, bool], list[Way]] = {}
    for way in ways:
        found.setdefault((way.to, way.by == ""), []).append(way)
    return [(to, inside) for (to, _), inside in found.items()]


def _add_way(
    figures: dict[str, Figure], edges: list[Edge], ends: tuple[str, str], ways: list[Way], name: str, *, back: bool
) -> None:
    begins, to = f"step {ends[0]}", f"step {ends[1]}"
    keys = ", ".join(way.by for way in ways if way.by)
    notes = "; ".join(dict.fromkeys(way.note for way in ways if way.note))
    if back:
        where = "again" if begins == to else f"back to {ends[1]}"
        figures[name] = Figure("back", f"{keys} → {where}" if keys else f"→ {where}", whole=notes)
        edges.append(Edge(begins, name))
    elif keys:
        figures[name] = Figure("way", keys, whole=notes)
        edges += [Edge(begins, name), Edge(name, to)]
    else:
        edges.append(Edge(begins, to, 2))


def _figure(card: Card, *, reached: bool) -> Figure:
    lines = [*_lines(" · ".join(part for part in (card.kind, card.does) if part)), *_lines(_quoted(card.words))]
    opens = [f"{way.by}: {way.note}" for way in card.ways if way.note]
    lines += [line for words in opens for line in _lines(words)]
    look = card.kind if reached else "unreached"
    return Figure(look, card.name, tuple(lines), card.words)


def _quoted(words: str) -> str:
    return f"“{words}”" if words else ""


def _lines(words: str) -> list[str]:
    """Words in lines of a box; what is too much ends with dots."""
    lines = textwrap.wrap(words, COLUMNS)
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[: MOST_LINES - 1], textwrap.shorten(lines[MOST_LINES - 1], COLUMNS - 2, placeholder="") + " …"]


def _add_texts(figures: dict[str, Figure], edges: list[Edge], texts: Sequence[TextWay]) -> None:
    """The other door: what becomes of texts."""
    figures["a text"] = Figure("door", "A text")
    for number, text in enumerate(texts):
        way, ticket = f"texts {number}", f"ticket {number}"
        short = text.texts if len(text.texts) <= 2 * COLUMNS else text.texts[: 2 * COLUMNS] + " …"
        figures[way] = Figure("way", short, whole=text.texts)
        figures[ticket] = Figure("text", *_head(text.ticket), whole=text.answer)
        figures[ticket] = Figure(
            "text", figures[ticket].title, (*figures[ticket].lines, *_lines(_quoted(text.answer))), text.answer
        )
        edges += [Edge("a text", way), Edge(way, ticket)]


def _head(words: str) -> tuple[str, tuple[str, ...]]:
    first, *rest = _lines(words)
    return first, tuple(rest)


def _backwards(drawing: Drawing) -> set[tuple[str, str]]:
    """The ways that lead back to a step through which the caller came: without them nothing goes in a circle."""
    ways = {card.name: list(dict.fromkeys(way.to for way in card.ways)) for card in drawing.cards}
    back: set[tuple[str, str]] = set()
    done: set[str] = set()
    for first, targets in ways.items():
        passed: dict[str, Iterator[str]] = {} if first in done else {first: iter(targets)}
        while passed:
            name, rest = next(reversed(passed.items()))
            to = next(rest, None)
            if to is None:
                done.add(name)
                passed.popitem()
            elif to in passed:
                back.add((name, to))
            elif to not in done:
                passed[to] = iter(ways.get(to, ()))
    return back
