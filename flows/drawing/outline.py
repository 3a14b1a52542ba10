"""A flow as lines of characters, for a terminal. Pure: a drawing and a width in, lines of pieces with their meaning out.

A step stands where the caller comes to it, inside of the step before when that is the only way there; a step with several
ways there stands by itself, and the ways name it. So nothing is drawn twice, and no line has to cross another."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flows.drawing.cards import Card, Drawing, TextWay, Way

#: How far steps stand inside of one another, and the fewest columns that their words need.
MOST_INSIDE, FEWEST = 4, 34
_MOST_LINES = 6


@dataclass(frozen=True)
class Piece:
    """Some characters of a line, and what they are: name, kind, words, key, note, line, target or warning."""

    text: str
    meaning: str


OneLine = tuple[Piece, ...]


@dataclass(frozen=True)
class Strokes:
    """The characters that lines are made of."""

    down: str = "│"
    branch: str = "├─"
    last: str = "└─"
    arrow: str = "─▶"


#: For terminals and files that hold nothing but ASCII.
PLAIN = Strokes("|", "|-", "`-", "->")


def outline(drawing: Drawing, *, width: int, strokes: Strokes) -> Iterator[OneLine]:
    """The lines of the whole flow, each at most `width` wide where a word is not wider."""
    yield from _Outline(drawing, width, strokes).lines()


class _Outline:
    def __init__(self, drawing: Drawing, width: int, strokes: Strokes) -> None:
        self.drawing, self.width, self.strokes = drawing, width, strokes
        self.cards = {card.name: card for card in drawing.cards}
        self.inside = self._inside()

    def _inside(self) -> set[str]:
        """The steps that are drawn inside of the one before."""
        before = Counter(to for card in self.drawing.cards for to in {way.to for way in card.ways})
        once = {to for to, count in before.items() if count == 1} - {self.drawing.start, *self.drawing.unreached}
        once -= {card.name for card in self.drawing.cards if card.name in {way.to for way in card.ways}}
        depth = {name: 0 for name in self.cards if name not in once}
        for card in self.drawing.cards:  # in the order of callers: who is inside of whom is known by then
            for to in dict.fromkeys(way.to for way in card.ways):
                if to in once:
                    depth[to] = depth.get(card.name, 0) + (1 if len(card.ways) > 1 else 0) + 1
                    if depth[to] > MOST_INSIDE or self.width - 3 * depth[to] < FEWEST:
                        depth[to] = 0
        return {name for name, deep in depth.items() if deep}

    def lines(self) -> Iterator[OneLine]:
        yield (Piece("A call", "door"),)
        yield self._goes_on("", self.drawing.start)
        for card in self.drawing.cards:
            if card.name not in self.inside:
                yield ()
                yield from self._step(card, "", "")
        yield ()
        yield (Piece("A text", "door"),)
        for number, text in enumerate(self.drawing.texts, 1):
            yield from self._text(text, last=number == len(self.drawing.texts))

    def _goes_on(self, before: str, name: str) -> OneLine:
        return (Piece(f"{before}{self.strokes.last[:1]}{self.strokes.arrow} ", "line"), Piece(name, "target"))

    def _step(self, card: Card, first: str, before: str) -> Iterator[OneLine]:
        """A step with everything that is drawn inside of it: its first line begins with `first`, all others with `before`."""
        kind = " · ".join(part for part in (card.kind, card.does) if part)
        lost = "  no caller comes here" if card.name in self.drawing.unreached else ""
        head, *rest = self._wrapped(kind, len(first) + len(card.name) + 2 + len(lost)) or [""]
        yield (Piece(first, "line"), Piece(card.name, "name"), Piece(f"  {head}", "kind"), Piece(lost, "warning"))
        bar = before + (self.strokes.down if card.ways else " ") + "  "
        for words in rest:
            yield (Piece(bar, "line"), Piece(words, "kind"))
        if card.words:
            for words in self._wrapped(f"“{card.words}”", len(bar), _MOST_LINES):
                yield (Piece(bar, "line"), Piece(words, "words"))
        groups = _by_target(card.ways)
        for number, ways in enumerate(groups, 1):
            yield from self._ways(card, ways, before, last=number == len(groups))

    def _ways(self, card: Card, ways: Sequence[Way], before: str, *, last: bool) -> Iterator[OneLine]:
        """The ways to one step: a line for each that says more than its key, one for all others."""
        strokes, to = self.strokes, ways[0].to
        plain = ", ".join(way.by for way in ways if not way.note)
        rows = [(way.by, way.note) for way in ways if way.note] + ([(plain, "")] if plain else [])
        deeper = before + (" " if last else strokes.down) + "  "
        for number, (by, note) in enumerate(rows, 1):
            ends = number == len(rows)
            turn = strokes.last if last and ends else strokes.branch
            arrow = () if ends and to in self.inside else self._target(card, to)
            room = len(before) + 3 + sum(len(piece.text) for piece in arrow)
            first, *more = self._wrapped(by + (f"  {note}" if note else ""), room)
            key, said = first[: len(by)], first[len(by) :]
            yield (Piece(f"{before}{turn} ", "line"), Piece(key, "key"), Piece(said, "note"), *(() if more else arrow))
            for index, words in enumerate(more, 1):
                end = arrow if index == len(more) else ()
                yield (Piece(deeper, "line"), Piece(words, "note" if note else "key"), *end)
        if to in self.inside:
            corner = strokes.last if not rows and last else strokes.branch if not rows else deeper + strokes.last
            lead = corner[:-1] + strokes.arrow + " "
            yield from self._step(
                self.cards[to], (before if not rows else "") + lead, (deeper + "   ") if rows else deeper
            )
        elif not rows:
            turn = strokes.last if last else strokes.branch
            yield (Piece(f"{before}{turn[:1]}", "line"), *self._target(card, to, ""))

    def _target(self, card: Card, to: str, space: str = " ") -> OneLine:
        again = "again" if to == card.name else to
        return (Piece(f"{space}{self.strokes.arrow} ", "line"), Piece(again, "target"))

    def _text(self, text: TextWay, *, last: bool) -> Iterator[OneLine]:
        strokes = self.strokes
        lines = self._wrapped(text.texts, 4)
        deeper = ("  " if last else f"{strokes.down} ") + " "
        for number, words in enumerate(lines):
            turn = strokes.last if last else strokes.branch
            yield (Piece(f"{turn} " if number == 0 else deeper, "line"), Piece(words, "key"))
        answer = f", answer “{text.answer}”" if text.answer else ""
        lead = f"{deeper}{strokes.last[:1]}{strokes.arrow} "
        for number, words in enumerate(self._wrapped(text.ticket + answer, len(lead), _MOST_LINES)):
            yield (Piece(lead if number == 0 else " " * len(lead), "line"), Piece(words, "note"))

    def _wrapped(self, words: str, used: int, most: int = 99) -> list[str]:
        lines = textwrap.wrap(words, max(self.width - used, 20))
        if len(lines) <= most:
            return lines
        room = max(self.width - used, 20) - 2
        return [*lines[: most - 1], f"{textwrap.shorten(lines[most - 1], room, placeholder='')} …"]


def _by_target(ways: Sequence[Way]) -> list[list[Way]]:
    found: dict[str, list[Way]] = {}
    for way in ways:
        found.setdefault(way.to, []).append(way)
    return list(found.values())
