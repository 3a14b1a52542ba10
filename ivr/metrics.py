"""The desk's figures for /metrics, read from the database when they are asked for."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Select, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr import auditor
from ivr.queue import BrokerDown
from ivr.wiring import Helpline, Latest
from tickets import consent, flow_versions, marks, turns
from tickets.audit import Kind
from tickets.models import Call, Media, Message, Recording, Ticket, Work
from tickets.states import Direction, WorkState

#: A gauge for each table: name, help, and how many rows there are of each state.
_BY_STATE: tuple[tuple[str, str, Select[str, int]], ...] = (
    ("helpline_tickets", "Tickets by state.", select(Ticket.state, func.count()).group_by(Ticket.state)),
    ("helpline_calls", "Calls by outcome.", select(Call.outcome, func.count()).group_by(Call.outcome)),
    (
        "helpline_transcripts",
        "Voicemails by the state of their transcript.",
        select(Recording.transcript, func.count()).group_by(Recording.transcript),
    ),
    ("helpline_pictures", "Pictures by state.", select(Media.state, func.count()).group_by(Media.state)),
    (
        "helpline_texts",
        "Texts to phones by state.",
        select(Message.state, func.count()).where(Message.direction == Direction.OUT).group_by(Message.state),
    ),
)


class DeskCollector(Collector):
    """What stands in the database, by state. A database that does not answer gives no figures, not wrong ones."""

    def __init__(self, latest: Latest) -> None:
        self._latest = latest

    def collect(self) -> Iterator[Metric]:
        """One gauge a table, what waits in the outbox, and how long the oldest due work waits."""
        desk = self._latest()
        now = desk.now()
        try:
            with desk.database.reading() as session:
                yield from _states(session)
                yield from _work(session, now)
                yield from _staff(session, desk)
                yield from _outbox(session, now)
                yield from _audit(session)
                refused = 1.0 if flow_versions.refusal(session) else 0.0
                yield GaugeMetricFamily("helpline_flow_files_refused", "1 while wrong flow files wait.", value=refused)
        except SQLAlchemyError:
            return
        yield from _queue(desk)


def _states(session: Session) -> Iterator[Metric]:
    for name, help_, query in _BY_STATE:
        metric = GaugeMetricFamily(name, help_, labels=["state"])
        for state, count in session.execute(query):
            metric.add_metric([state], count)
        yield metric


def _work(session: Session, now: datetime) -> Iterator[Metric]:
    """What is to be done, and how long the oldest piece of it is overdue."""
    waiting = GaugeMetricFamily("helpline_work", "Pieces of work by kind and state.", labels=["kind", "state"])
    counted = select(Work.kind, Work.state, func.count()).where(Work.state != WorkState.DONE)
    for kind, state, count in session.execute(counted.group_by(Work.kind, Work.state)):
        waiting.add_metric([kind, state], count)
    yield waiting
    overdue = select(func.min(Work.due_at)).where(Work.state == WorkState.WAITING, Work.due_at <= now)
    oldest = session.scalar(overdue)
    late = (now - oldest).total_seconds() if oldest else 0.0
    yield GaugeMetricFamily("helpline_work_oldest_due_seconds", "How long the oldest due work waits.", value=late)


def _staff(session: Session, desk: Helpline) -> Iterator[Metric]:
    silent = GaugeMetricFamily(
        "helpline_staff_opted_out", "1 for a colleague who gets no texts and no pages.", labels=["person"]
    )
    for person, _ in silent_staff(session, desk):
        silent.add_metric([person], 1)
    yield silent


def _queue(desk: Helpline) -> Iterator[Metric]:
    queue = GaugeMetricFamily("helpline_queue", "Hints that wait in Redis.", labels=["queue"])
    try:
        for name, length in desk.queue.lengths().items():
            queue.add_metric([name], length)
    except BrokerDown:
        return
    yield queue


def silent_staff(session: Session, desk: Helpline) -> list[tuple[str, str]]:
    """Colleagues who may not be texted, with the reason."""
    silent = consent.opted_out(session, [person.number for person in desk.rules.team], desk.rules.sender)
    return [(person.name, silent[person.number].why) for person in desk.rules.team if person.number in silent]


def _outbox(session: Session, now: datetime) -> Iterator[Metric]:
    """What waits for its turn to be sent, and how much was saved by sending pages together."""
    waiting = turns.line(session, now=now)
    age = GaugeMetricFamily(
        "helpline_outbox_waiting_seconds", "How long the oldest text waits for its turn.", labels=["class"]
    )
    length = GaugeMetricFamily(
        "helpline_outbox_waiting_segments", "Segments that wait for their turn.", labels=["class"]
    )
    for rank in turns.Rank:
        texts = [text for text in waiting if text.rank is rank]
        age.add_metric([rank.value], max(((now - text.created_at).total_seconds() for text in texts), default=0.0))
        length.add_metric([rank.value], sum(text.segments for text in texts))
    yield age
    yield length
    merged = session.scalar(select(func.count()).where(Message.merged_into.is_not(None)))
    yield CounterMetricFamily(
        "helpline_texts_merged", "Pages that went out in one text with others.", value=merged or 0
    )


def _audit(session: Session) -> Iterator[Metric]:
    """What the watcher found in its last run, and when all was well."""
    found = GaugeMetricFamily("helpline_audit_findings", "What the watcher's last run found.", labels=["kind"])
    for kind in Kind:
        found.add_metric([kind.value], marks.count(session, f"audit:{kind}"))
    yield found
    for name, mark, help_ in (
        ("helpline_audit_last_run_timestamp_seconds", auditor.RAN, "When the watcher looked last; 0: never."),
        ("helpline_audit_last_clean_timestamp_seconds", auditor.CLEAN, "When it found nothing wrong; 0: never."),
    ):
        at = marks.known(session, mark)
        yield GaugeMetricFamily(name, help_, value=at.timestamp() if at else 0.0)
