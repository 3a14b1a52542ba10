"""What others may read of incidents: for each ticket of a page of them, in a handful of queries. Reads only."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tickets.incidents import count_callers
from tickets.models import Outage, Ticket


def of(session: Session, tickets: Sequence[Ticket]) -> dict[int, dict[str, Any]]:
    """By the id of a ticket, the incident that it is in: `leader` and `members` (numbers, the leader's not among them), how
    many `callers`, and what was `announced`. A ticket that stands alone is not in it."""
    leading = {ticket.incident_id or ticket.id for ticket in tickets}
    columns = (Ticket.id, Ticket.number, Ticket.from_number, Ticket.incident_id)
    rows = session.execute(
        select(*columns).where(or_(Ticket.id.in_(leading), Ticket.incident_id.in_(leading))).order_by(Ticket.number)
    ).all()
    outages = {row.ticket_id: row for row in session.scalars(select(Outage).where(Outage.ticket_id.in_(leading)))}
    members: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if row.incident_id is not None:
            members[row.incident_id].append(row)
    seen: dict[int, dict[str, Any]] = {}
    for row in rows:
        joined, outage = members[row.id], outages.get(row.id)
        if row.id not in leading or not (joined or outage):
            continue
        leads = [] if outage is not None and row.from_number is None else [row.from_number]
        incident = {
            "leader": row.number,
            "members": [member.number for member in joined],
            "callers": count_callers([*leads, *(member.from_number for member in joined)]),
            "announced": _announced(outage) if outage is not None else None,
        }
        for one in (row, *joined):
            seen[one.id] = incident
    return seen


def _announced(outage: Outage) -> dict[str, Any]:
    return {"words": outage.words, "said_at": outage.said_at, "over_at": outage.over_at}
