"""Who may be texted: recognising STOP, START and HELP, and the append-only ledger that remembers.

Law and carrier rules: carrier-facts §5. Recognising is pure; the current consent of a number is a fold over its events."""

import re
import unicodedata
from collections.abc import Iterable
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


def is_opted_out(kinds: Iterable[ConsentKind]) -> bool:
    """The fold: the last event of a number decides; without any, texting is allowed."""
    last: ConsentKind | None = None
    for kind in kinds:
        last = kind
    return last in (ConsentKind.OPT_OUT, ConsentKind.REFUSED)


def may_text(session: Session, number: str) -> bool:
    """The gate's question, asked in the transaction that claims the row to send."""
    kinds = session.scalars(select(ConsentEvent.kind).where(ConsentEvent.number == number).order_by(ConsentEvent.id))
    return not is_opted_out(ConsentKind(kind) for kind in kinds)


def may_confirm(session: Session, number: str, evidence: str) -> bool:
    """Whether the opt-out with this evidence still wants its one confirmation: nothing came after it but further opt-outs
    of the same kind, none of which the carrier has answered."""
    events = list(
        session.execute(
            select(ConsentEvent.kind, ConsentEvent.source, ConsentEvent.evidence)
            .where(ConsentEvent.number == number)
            .order_by(ConsentEvent.id)
        )
    )
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
    evidence: str | None = None,
    words: str | None = None,
) -> None:
    """Append to the ledger. `evidence` is the id of the message or call, `words` what was said (300 characters)."""
    session.add(
        ConsentEvent(
            number=number, kind=kind, source=source, evidence=evidence, words=words[:300] if words else None, at=now
        )
    )
