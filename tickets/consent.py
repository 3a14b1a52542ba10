"""Who may be texted: the append-only ledger that remembers.

Law and carrier rules: carrier-facts §5. What a text asks for is read in `tickets.wishes`; the current consent of a number is a
fold over its events."""

from collections.abc import Iterable
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


#: The source of an event whose text the carrier has replied to itself.
ANSWERED = "text, answered by the carrier"


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
