"""Who may be texted: recognising STOP, START and HELP, and the append-only ledger that remembers.

Law and carrier rules: carrier-facts §5. Recognising is pure; the current consent of a number is a fold over its events."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets.commands import plain_words
from tickets.models import ConsentEvent


class Wish(StrEnum):
    """What a text asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    UNCLEAR = "unclear"  # speaks of stopping, but a person has to judge


class ConsentKind(StrEnum):
    """What happened to a number's consent."""

    OPT_IN = "opt-in"
    OPT_OUT = "opt-out"
    REFUSED = "refused"  # the carrier says that the number has opted out


#: The source of an event that a member of the team entered, with a reason.
STAFF = "staff"

#: The source of an event whose text the carrier has replied to itself.
ANSWERED = "text, answered by the carrier"

#: The carrier's default lists for long codes, matched by it only as the whole text without punctuation.
CARRIER_STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
CARRIER_START = frozenset({"start", "yes", "unstop"})
CARRIER_HELP = frozenset({"help", "info"})

#: 47 CFR 64.1200 (a)(10): any reasonable wording counts; these leave no doubt, as a whole text.
_STOP_PHRASES = frozenset(
    {
        "opt out", "opt me out", "stop all", "stop it", "stop please", "please stop", "stop now", "stop stop",
        "please opt me out", "please cancel", "cancel please", "unsubscribe me", "please unsubscribe me",
        "unsubscribe please", "please unsubscribe", "remove me", "please remove me", "remove my number",
        "please remove my number", "take me off", "take me off your list", "take me off the list",
        "remove me from your list", "remove me from the list", "remove me from this list", "no more texts",
        "no more messages", "no more text messages", "stop texting", "stop texting me", "please stop texting",
        "please stop texting me", "stop messaging me", "please stop messaging me", "stop sending me texts",
        "stop sending me messages", "stop sending texts", "stop sending messages", "stop these texts", "stop the texts",
        "stop these messages", "stop the messages", "please stop these texts", "please stop these messages",
        "stop contacting me", "do not text me", "dont text me", "do not text me again", "dont text me again",
        "dont text this number", "do not text this number", "stop texting this number", "quit texting me", "quit texting",
        "i want to opt out", "i want to unsubscribe", "i opt out", "i revoke consent", "i revoke my consent",
        "revoke consent", "revoke my consent",
    }
)  # fmt: skip

#: Speaks of the texts themselves ending, inside a longer sentence: a person decides.
_UNCLEAR = re.compile(
    r"\b(stop|quit|no more|dont send|do not send|unsubscribe|opt(ed)? out|remove me)\b.*\b(text|texts|texting|message|messages|"
    r"messaging|sms|list)\b|\b(unsubscribe|opt out|opt me out)\b"
)
_WHERE_APOSTROPHES = str.maketrans("", "", "'’‘`´")


def _plain(body: str) -> str:
    return plain_words(unicodedata.normalize("NFKC", body).translate(_WHERE_APOSTROPHES))


def wish_of(body: str) -> Wish | None:
    """STOP, START or HELP in any case, form, spacing and punctuation; UNCLEAR for a sentence that may mean it; else None."""
    words = _plain(body)
    joined = words.replace(" ", "")
    if words in CARRIER_STOP or words in _STOP_PHRASES or joined in ("optout", "stopall"):
        return Wish.STOP
    if words in CARRIER_START:
        return Wish.START
    if words in CARRIER_HELP:
        return Wish.HELP
    return Wish.UNCLEAR if _UNCLEAR.search(words) else None


def is_yes(body: str) -> bool:
    """The one opt-in word of the carrier's list that people also use to answer a question."""
    return _plain(body) == "yes"


def answered_by_carrier(body: str, *, keywords_by_carrier: bool, opt_out_type: str | None) -> bool:
    """True when the carrier has sent its own reply to this keyword already, so that ours would be a second one.

    It matches single words exactly but for case (facts §5); what it does with spaces and punctuation is not documented,
    so only the bare word counts. `OptOutType` says outright that it has replied."""
    if opt_out_type:
        return True
    word = body.casefold()
    return keywords_by_carrier and (word in CARRIER_STOP or word in CARRIER_START or word in CARRIER_HELP)


@dataclass(frozen=True)
class Standing:
    """What the ledger says of a number. `since`, `source` and `words` are those of the event that decides."""

    may_text: bool
    kind: ConsentKind | None = None
    source: str | None = None
    words: str | None = None
    since: datetime | None = None

    @property
    def why(self) -> str:
        """Why the number may not be texted, and how that can be undone; for staff. Empty when it may."""
        if self.may_text:
            return ""
        said = {ConsentKind.REFUSED: "the carrier says this number opted out"}.get(self.kind or ConsentKind.OPT_OUT)
        if said is None:
            said = "this number has opted out" if self.source != STAFF else f"opted out by the team ({self.words})"
        return f"{said}; it can text START to undo that"


def standing(events: Iterable[ConsentEvent], sender: str) -> Standing:
    """The fold over the events of one number, the oldest first: the last one that concerns this sender decides; without
    any, texting is allowed. What a person said concerns every sender of ours, what the carrier said only its own."""
    last: ConsentEvent | None = None
    for event in events:
        if event.sender is None or event.sender == sender:
            last = event
    if last is None:
        return Standing(may_text=True)
    kind = ConsentKind(last.kind)
    return Standing(kind is ConsentKind.OPT_IN, kind, last.source, last.words, last.at)


def history(session: Session, number: str) -> list[ConsentEvent]:
    """Every event of a number, the oldest first."""
    return list(session.scalars(select(ConsentEvent).where(ConsentEvent.number == number).order_by(ConsentEvent.id)))


def of(session: Session, number: str, sender: str) -> Standing:
    """The gate's question, asked in the transaction that claims the row to send."""
    return standing(history(session, number), sender)


def may_text(session: Session, number: str, sender: str) -> bool:
    """Whether `sender` may text this number."""
    return of(session, number, sender).may_text


def opted_out(session: Session, numbers: Iterable[str], sender: str) -> dict[str, Standing]:
    """Those of the numbers that `sender` may not text, with the reason."""
    events = select(ConsentEvent).where(ConsentEvent.number.in_(set(numbers))).order_by(ConsentEvent.id)
    by_number: defaultdict[str, list[ConsentEvent]] = defaultdict(list)
    for event in session.scalars(events):
        by_number[event.number].append(event)
    found = {number: standing(known, sender) for number, known in by_number.items()}
    return {number: one for number, one in found.items() if not one.may_text}


def may_confirm(session: Session, number: str, evidence: str) -> bool:
    """Whether the opt-out with this evidence still wants its one confirmation: nothing came after it but further opt-outs
    of the same kind, none of which the carrier has answered."""
    events = history(session, number)
    own = next((index for index, event in enumerate(events) if event.evidence == evidence), None)
    if own is None:
        return False
    return all(event.kind == ConsentKind.OPT_OUT and event.source != ANSWERED for event in events[own:])


def record(
    session: Session,
    number: str,
    kind: ConsentKind,
    *,
    source: str,
    now: datetime,
    sender: str | None = None,
    evidence: str | None = None,
    words: str | None = None,
) -> None:
    """Append to the ledger. `sender` is the one of ours that the event concerns, None for all of them; `evidence` is the
    id of the message or call, or who entered it; `words` what was said (300 characters)."""
    session.add(
        ConsentEvent(
            number=number,
            sender=sender,
            kind=kind,
            source=source,
            evidence=evidence,
            words=words[:300] if words else None,
            at=now,
        )
    )
