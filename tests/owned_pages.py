"""What the carrier is about to get, and who has the tickets that it is about: asked at that very moment."""

import re

from sqlalchemy import select

from tickets.db import Database
from tickets.models import Leg, Message, Ticket

PAGES = ("page", "words", "missed", "update")


def of_text(database: Database, to: str, body: str) -> tuple[Message, set[str]]:
    """The text that is being handed over, and the states of the tickets that it pages about."""
    with database.reading() as session:
        being = Message.state == "sending", Message.sid.is_(None)
        text = session.scalars(select(Message).where(Message.to_number == to, Message.body == body, *being)).first()
        assert text is not None, f"a text that nobody wrote: {body}"
        about = [text] if text.purpose in PAGES else []
        if text.purpose == "digest":
            merged = Message.merged_into == text.id, Message.state != "withheld"
            about = list(session.scalars(select(Message).where(*merged)))
        return text, {session.get_one(Ticket, one.ticket_id).state for one in about}


def of_call(database: Database, status_url: str) -> tuple[Leg, str | None]:
    """The call to a colleague that is being placed, and the state of the ticket that it pages about."""
    number = int(re.findall(r"/leg/(\d+)/", status_url)[0])
    with database.reading() as session:
        leg = session.get_one(Leg, number)
        return leg, session.get_one(Ticket, leg.ticket_id).state if leg.purpose == "page" else None
