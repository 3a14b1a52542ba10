"""A flow as Mermaid, which many pages and editors draw."""

from flows.describe import first_words
from flows.drawing.cards import Card, Drawing, Way

_SHAPES = {
    "menu": ("{{", "}}"),
    "hours": ("{", "}"),
    "client": ("{", "}"),
    "ring": ("[[", "]]"),
    "transfer": ("[[", "]]"),
}
_ENDS = ("([", "])")
# As numbers, which no version of Mermaid takes for its own language.
_ESCAPED = {ord(one): f"#{ord(one)};" for one in '"#<>&`\\|'}
_MOST = 90


def mermaid(drawing: Drawing) -> str:
    """The flow chart. Names of steps are prefixed: some words, such as `end`, are Mermaid's own."""
    lines = ["flowchart TD", f'    call(["A call"]) --> step_{drawing.start}']
    for card in drawing.cards:
        opens, closes = _SHAPES.get(card.kind, _ENDS if not card.ways else ("[", "]"))
        lines.append(f'    step_{card.name}{opens}"{_label(card)}"{closes}')
    for card in drawing.cards:
        for to in dict.fromkeys(way.to for way in card.ways):
            ways = [way for way in card.ways if way.to == to]
            lines.append(f"    step_{card.name} -->{_by(ways)} step_{to}")
    lines.append('    text(["A text"])')
    for number, text in enumerate(drawing.texts):
        answer = f"<br/>{_escaped(first_words(text.answer, _MOST))}" if text.answer else ""
        lines.append(f'    text -->|"{_escaped(text.texts)}"| ticket_{number}(["{_escaped(text.ticket)}{answer}"])')
    return "\n".join(lines) + "\n"


def _label(card: Card) -> str:
    kind = " · ".join(part for part in (card.kind, card.does) if part)
    words = f"<br/>{_escaped(first_words(card.words, _MOST))}" if card.words else ""
    return f"<b>{_escaped(card.name)}</b><br/>{_escaped(kind)}{words}"


def _by(ways: list[Way]) -> str:
    words = [f"{way.by}: {way.note}" if way.note else way.by for way in ways if way.by]
    return f'|"{_escaped("; ".join(words))}"|' if words else ""


def _escaped(words: str) -> str:
    return " ".join(words.split()).translate(_ESCAPED)
