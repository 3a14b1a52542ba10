"""Words for what is otherwise than before: one sentence for one difference, with as little of long texts as shows it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from flows.describe import Deed, first_words
from flows.speech import Clip, Gap, Model, Translated, Words

#: Words of a text that are shown around what has changed in it, and the most characters that are shown.
_AROUND, _MOST = 3, 160

Noticed = Literal["callers", "texters", "team"]


@dataclass(frozen=True)
class Difference:
    """One thing that somebody will notice, as a sentence."""

    who: Noticed
    text: str


def noticed(who: Noticed, text: str) -> Difference:
    """The sentence with its first letter and its end."""
    ends = "" if text.endswith((".", "!", "?", ".”", "!”", "?”")) else "."
    return Difference(who, text[:1].upper() + text[1:] + ends)


def says(
    subject: str, old: str, now: str, *, verb: str = "says", new: str = "is new:", gone: str = "is gone:"
) -> str | None:
    """What somebody or something says now; None when nothing of it has changed. `new` and `gone` are for words that were not
    there before, or are there no longer."""
    old, now = " ".join(old.split()), " ".join(now.split())
    if old == now:
        return None
    if not old or not now:
        return f"{subject} {gone} {first_words(old, _MOST)}" if old else f"{subject} {new} {first_words(now, _MOST)}"
    before, after = between(old, now)
    return f"{subject} now {verb} {after} instead of {before}"


def between(old: str, new: str) -> tuple[str, str]:
    """What differs between two texts, each in quotes, with some words around it."""
    one, other = old.split(), new.split()
    shorter = min(len(one), len(other))
    same = next((n for n in range(shorter) if one[n] != other[n]), shorter)
    rest = shorter - same
    tail = next((n for n in range(rest) if one[-1 - n] != other[-1 - n]), rest)
    begins, ends = max(same - _AROUND, 0), max(tail - _AROUND, 0)
    if begins + ends < 2 * _AROUND:  # so little is left out that the whole text reads better
        begins = ends = 0
    return _part(one, begins, ends), _part(other, begins, ends)


def _part(words: list[str], begins: int, ends: int) -> str:
    kept = " ".join(words[begins : len(words) - ends])
    if len(kept) > _MOST:
        kept, ends = kept[: _MOST - 2].rsplit(" ", 1)[0], 1
    return f"“{'… ' if begins else ''}{kept}{' …' if ends else ''}”"


def goes(subject: str, old: Deed, new: Deed) -> str:
    """Where somebody comes to now, instead of where before."""
    return f"{subject} now {new.does} instead of {old.doing}"


def is_prompts(value: object) -> bool:
    """Whether a value of a step is what callers hear."""
    kinds = Words | Clip | Gap | Translated
    return isinstance(value, tuple) and bool(value) and all(isinstance(one, kinds) for one in value)


def fields(old: Model, new: Model, sentences: Mapping[str, str], *, leave_out: tuple[str, ...] = ()) -> Iterator[str]:
    """A sentence for each plain value that differs: the field's own of `sentences`, else from the field's description."""
    for name, info in type(new).model_fields.items():
        before, after = getattr(old, name), getattr(new, name)
        if name in leave_out or before == after:
            continue
        sentence = sentences.get(name, f"{info.description}: now {{new}} instead of {{old}}")
        if "{" in sentence:
            yield sentence.format(new=_value(after), old=_value(before))


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list | frozenset | set):
        return ", ".join(str(one) for one in value) or "none"
    return str(value)
