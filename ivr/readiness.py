"""The clock's part of the readiness report: ask once a minute whether one is due."""

from ivr.wiring import Helpline
from tickets import ready_report

#: Seconds between two looks.
EVERY = 60.0


def report_if_due(desk: Helpline) -> int:
    """Write the report that is due, in one transaction with the mark that it was. Returns how many texts are new."""
    with desk.database.unit() as unit:
        return ready_report.send_if_due(unit, rules=desk.rules, now=desk.now())
