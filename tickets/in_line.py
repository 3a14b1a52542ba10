"""The line in which whoever forms, takes or undoes an incident stands (tickets.incidents)."""

from sqlalchemy.orm import Session

from tickets.db import serialise


def in_line(session: Session) -> None:
    """Have what becomes of incidents decided by one unit of work at a time, until this one ends. To be called after a call
    and its recording are locked, and before a ticket is locked or changed."""
    serialise(session, "incidents")
