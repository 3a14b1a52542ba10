"""What a text or a voicemail asks for: STOP, START, HELP, or something that a person has to judge. Pure.

47 CFR 64.1200 (a)(10): an opt-out counts in any reasonable wording, and CTIA's principles add: in any case and punctuation.
A text is an opt-out when it can be read, from its first word to its last, as words that ask for it and words that change
nothing about it. One word that is left over ("stop by at 3") means that it is none. START and HELP are narrower: a START
that nobody meant is worse than one that is missed, and a client who needs help must get a ticket, not an automatic answer.
The vocabulary is in `tickets.wish_words`; what is read how is shown in docs/consent.md."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz.distance import OSA

from tickets.plain import plain, spelt_out
from tickets.wish_words import CORES, SIDES, SPOKEN, START_PHRASES, UNCLEAR, Rule, Strength


class Wish(StrEnum):
    """What a text asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    UNCLEAR = "unclear"  # may ask for no more texts; a person has to judge


@dataclass(frozen=True)
class Reading:
    """What was understood, and by which rule; both None when a text asks for none of it."""

    wish: Wish | None = None
    rule: Rule | None = None


#: The carrier's default lists for long codes, matched by it only as the whole text without punctuation.
CARRIER_STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
CARRIER_START = frozenset({"start", "yes", "unstop"})
CARRIER_HELP = frozenset({"help", "info"})

#: Words for START and HELP that stand alone; those of the second group also answer a question.
_START_WORDS = frozenset({"start", "unstop", "un stop"})
_ANSWERS = frozenset({"yes", "empezar", "iniciar", "comenzar", "text me again", "message me again"})
_HELP_WORDS = CARRIER_HELP | {"ayuda"}
_STOP_SIGNS = ("\N{OCTAGONAL SIGN}", "\N{NO ENTRY}", "\N{NO ENTRY SIGN}")

#: Nobody asks for an opt-out in more words than this and says nothing else.
_MOST_WORDS = 40


def read_wish(body: str) -> Reading:
    """What a text asks for. Any text has a reading; case, forms of letters, spaces, punctuation, emoji and what cannot be
    seen change nothing about it."""
    words = plain(body)
    if not words:
        signed = any(sign in body for sign in _STOP_SIGNS)
        return Reading(Wish.UNCLEAR, Rule.SIGN) if signed else Reading()
    # Cut by spaces or hyphens anywhere, a word of the carrier's list is still that word: "opt-out", "ST OP".
    if words.replace(" ", "") in CARRIER_STOP:
        return Reading(Wish.STOP, Rule.KEYWORD)
    told = " ".join(map(_mended, spelt_out(words).split()))
    return _stop(told) or _start(words, told) or _help(words) or _first_of(UNCLEAR, told) or Reading()


def spoken_wish(transcript: str) -> Reading | None:
    """A wish for no more texts in a voicemail: UNCLEAR, with the rule that noticed it, since a person has to listen and
    decide. None when there is none."""
    told = re.sub(r"\b(?:um|uh|er|ah|like|really|even|just|you know) ", "", spelt_out(plain(transcript)))
    whole = _stop(told)
    if whole is not None and whole.wish is Wish.STOP:
        return Reading(Wish.UNCLEAR, whole.rule)
    return _first_of(SPOKEN, told)


def answered_by_carrier(body: str, *, keywords_by_carrier: bool, opt_out_type: str | None) -> bool:
    """True when the carrier has sent its own reply to this keyword already, so that ours would be a second one.

    It matches single words exactly but for case (facts §5); what it does with spaces and punctuation is not documented,
    so only the bare word counts. `OptOutType` says outright that it has replied."""
    if opt_out_type:
        return True
    word = body.casefold()
    return keywords_by_carrier and (word in CARRIER_STOP or word in CARRIER_START or word in CARRIER_HELP)


def _mended(word: str) -> str:
    """The carrier's one long word is misspelt often, and nothing else is one letter away from it."""
    return "unsubscribe" if len(word) > 8 and OSA.distance(word, "unsubscribe", score_cutoff=1) <= 1 else word


@dataclass(frozen=True)
class _Path:
    """What the words so far came to: the strongest request, the rule behind it, and how strong one what else was said
    needs beside it."""

    strength: Strength = Strength.NONE
    rule: Rule | None = None
    needs: Strength = Strength.NONE


def _stop(words: str) -> Reading | None:
    """STOP when the whole text can be read as one. UNCLEAR when it can, but its words ask too weakly for what else it says:
    "cancel 1042" may be about the ticket."""
    paths = _paths(words)
    asked = [path for path in paths if path.strength]
    clear = [path for path in asked if path.strength >= path.needs]
    if clear:
        return Reading(Wish.STOP, max(clear, key=lambda path: path.strength).rule)
    return Reading(Wish.UNCLEAR, Rule.KEYWORD_AND_MORE) if asked else None


def _paths(words: str) -> set[_Path]:
    """All ways to read the text to its end. Positions are visited once each, so the time is linear in the words."""
    reached: defaultdict[int, set[_Path]] = defaultdict(set, {0: {_Path()}})
    if words.count(" ") >= _MOST_WORDS:
        return set()
    for start in (0, *(space.end() for space in re.finditer(" ", words))):
        if start not in reached:
            continue
        for strength, rule, pattern in CORES:
            if found := pattern.match(words, start):
                reached[found.end()] |= {
                    _Path(strength, rule, path.needs) if strength > path.strength else path for path in reached[start]
                }
        for needs, pattern in SIDES:
            if found := pattern.match(words, start):
                reached[found.end()] |= {
                    _Path(path.strength, path.rule, max(needs, path.needs)) for path in reached[start]
                }
    return reached[len(words)]


def _start(words: str, told: str) -> Reading | None:
    if words in _ANSWERS or told in _ANSWERS - {"yes"}:
        return Reading(Wish.START, Rule.ANSWER)
    if words in _START_WORDS:
        return Reading(Wish.START, Rule.KEYWORD)
    return Reading(Wish.START, Rule.TEXTS_AGAIN) if START_PHRASES.fullmatch(told) else None


def _help(words: str) -> Reading | None:
    return Reading(Wish.HELP, Rule.KEYWORD) if words in _HELP_WORDS else None


def _first_of(rules: Iterable[tuple[Rule, re.Pattern[str]]], words: str) -> Reading | None:
    return next((Reading(Wish.UNCLEAR, rule) for rule, pattern in rules if pattern.search(words)), None)
