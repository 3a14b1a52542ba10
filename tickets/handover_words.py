"""What staff text to take or hand over duty: words to a request. Pure.

Case and punctuation do not matter. No word here is one of the carrier's opt-out and opt-in lists: CANCEL and END are, so
what takes a change back is UNDO."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

from tickets.time_words import plain

_BEFORE_TIME = re.compile(r" ?\b(?:for|until|untill|till|til|thru|to)\b| ?\b\d")
_FILLER = frozenset({"over", "it", "duty", "call", "on", "the"})
_POLITE = frozenset({"please", "that", "it", "my", "last", "take", "give", "thanks"})
#: Below this a name is another one.
LIKELY = 75


class Ask(StrEnum):
    """What somebody wants."""

    TAKE = "take"
    GIVE = "give"
    UNDO = "undo"


@dataclass(frozen=True)
class Request:
    """A request as it was written: the `name` and the `time` are still words. `alone`: nobody else on duty meanwhile."""

    ask: Ask
    time: str = ""
    name: str = ""
    alone: bool = False


def parse(body: str) -> Request | None:
    """The request in a text, or None when it is none. TAKE and GIVE with words that make no sense are requests too: who
    wrote them hears how."""
    first, _, rest = plain(body).partition(" ")
    glued = re.fullmatch(r"(take)(\d.*)", first)
    if glued:
        first, rest = glued[1], f"{glued[2]} {rest}".strip()
    words = rest.split()
    if first == Ask.UNDO:
        return Request(Ask.UNDO) if set(words) <= _POLITE else None
    if first == Ask.TAKE:
        kept = [word for word in words if word != "alone"]
        while kept and kept[0] in _FILLER:
            kept.pop(0)
        return Request(Ask.TAKE, " ".join(kept), alone="alone" in words)
    if first != Ask.GIVE:
        return None
    while words and words[0] in (*_FILLER, "to"):
        words.pop(0)
    rest = " ".join(words)
    time = _BEFORE_TIME.search(rest)
    at = time.start() if time else len(rest)
    return Request(Ask.GIVE, rest[at:].strip(), rest[:at].strip())


def who(written: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names that `written` may mean, the likeliest kind only: as written, else a part of it, else how it begins, else
    what is spelled alike."""
    wanted, names = plain(written), tuple(names)
    if not wanted:
        return ()
    kinds: tuple[Callable[[str], bool], ...] = (
        lambda name: plain(name) == wanted,
        lambda name: wanted in plain(name).split(),
        lambda name: any(part.startswith(wanted) for part in (plain(name), *plain(name).split())) and len(wanted) > 1,
        lambda name: max(fuzz.ratio(wanted, part) for part in (plain(name), *plain(name).split())) >= LIKELY,
    )
    return next((found for kind in kinds if (found := tuple(name for name in names if kind(name)))), ())
