"""Who may be texted: the append-only ledger that remembers.

Law and carrier rules: docs/carrier.md. What a text asks for is read in `tickets.wishes`; the current consent of a number is a
fold over its events."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets.models import ConsentEvent


class ConsentKind(StrEnum):
    """What happened to a number's consent."""

    OPT_IN = "opt-in"
    OPT_OUT = "opt-out"
    REFUSED = "refused"  # the carrier says that the number has opted out


#: The source of an event that a member of the team entered, with a reason.
STAFF = "staff"

#: The source of an event whose text the carrier has replied to itself.
ANSWERED = "text, answered by the carrier"


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
