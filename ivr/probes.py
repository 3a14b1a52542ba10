"""For machines that watch: /healthz, /readyz and /metrics. Figures are read from the database when they are asked for."""

from collections.abc import Callable, Iterator
from datetime import datetime

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr import auditor
from ivr.queue import BrokerDown
from ivr.wiring import Helpline, Latest
from tickets import consent, flow_versions, marks, turns
from tickets.audit import Kind
from tickets.models import Call, Media, Message, Recording, Ticket, Work
from tickets.states import Direction, WorkState
from tickets.storage import StorageError


class DeskCollector(Collector):
    """What stands in the database, by state. A database that does not answer gives no figures, not wrong ones."""

    def __init__(self, latest: Latest) -> None:
        self._latest = latest

    def collect(self) -> Iterator[Metric]:
        """One gauge a table, what waits in the outbox, and how long the oldest due work waits."""
        groups = (
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
        desk = self._latest()
        now = desk.now()
        try:
            with desk.database.reading() as session:
                for name, help_, query in groups:
                    metric = GaugeMetricFamily(name, help_, labels=["state"])
                    for state, count in session.execute(query):
                        metric.add_metric([state], count)
                    yield metric
                waiting = GaugeMetricFamily(
                    "helpline_work", "Pieces of work by kind and state.", labels=["kind", "state"]
                )
                for kind, state, count in session.execute(
                    select(Work.kind, Work.state, func.count())
                    .where(Work.state != WorkState.DONE)
                    .group_by(Work.kind, Work.state)
                ):
                    waiting.add_metric([kind, state], count)
                yield waiting
                silent = GaugeMetricFamily(
                    "helpline_staff_opted_out", "1 for a colleague who gets no texts and no pages.", labels=["person"]
                )
                for person, _ in _silent_staff(session, desk):
                    silent.add_metric([person], 1)
                yield silent
                yield from _outbox(session, now)
                yield from _audit(session)
                refused = 1.0 if flow_versions.refusal(session) else 0.0
                yield GaugeMetricFamily("helpline_flow_files_refused", "1 while wrong flow files wait.", value=refused)
                oldest = session.scalar(
                    select(func.min(Work.due_at)).where(Work.state == WorkState.WAITING, Work.due_at <= now)
                )
        except SQLAlchemyError:
            return
        try:
            queue = GaugeMetricFamily("helpline_queue", "Hints that wait in Redis.", labels=["queue"])
            for name, length in desk.queue.lengths().items():
                queue.add_metric([name], length)
            yield queue
        except BrokerDown:
            pass
        late = (now - oldest).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily("helpline_work_oldest_due_seconds", "How long the oldest due work waits.", value=late)


def _silent_staff(session: Session, desk: Helpline) -> list[tuple[str, str]]:
    """Colleagues who may not be texted, with the reason."""
    silent = consent.opted_out(session, [person.number for person in desk.rules.team], desk.rules.sender)
    return [(person.name, silent[person.number].why) for person in desk.rules.team if person.number in silent]


def _warnings(desk: Helpline) -> list[str]:
    """What a person has to mend although calls are answered. It must not take this process out of service."""
    try:
        with desk.database.reading() as session:
            silent = [f"no texts and no pages to {name}: {why}" for name, why in _silent_staff(session, desk)]
            wrong = auditor.complaint(session, desk.now())
            return [*_flow_files(session, desk), *silent, *([wrong] if wrong else [])]
    except SQLAlchemyError:
        return []


def _flow_files(session: Session, desk: Helpline) -> list[str]:
    """What is wrong with the flow files, and what goes on meanwhile."""
    known, refused = flow_versions.in_use(session), flow_versions.refusal(session)
    found = [f"the flow files are refused, {flow_versions.going_on(known)}: {refused}"] if refused else []
    if not refused and known is not None and known.built_in:
        found.append("no flow files can be used: the built-in voicemail answers")
    if not desk.rules.team:
        found.append("nobody can be paged: there is no usable oncall.yml")
    return found


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


def _problem(check: Callable[[], None]) -> str | None:
    try:
        check()
    except (SQLAlchemyError, BrokerDown, StorageError) as error:
        return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return None


def blueprint(latest: Latest) -> Blueprint:
    """The views, bound to the latest Helpline."""
    views = Blueprint("probes", __name__)
    registry = CollectorRegistry()
    registry.register(DeskCollector(latest))

    @views.get("/healthz")
    def healthz() -> Response:
        """The process is up."""
        return jsonify(status="up")

    @views.get("/readyz")
    def readyz() -> tuple[Response, int]:
        """Database, queue and blob store answer; 503 with the reason otherwise. Warnings want a person, not a restart."""
        desk = latest()
        checks = {"database": desk.database.check, "queue": desk.queue.check, "blobs": desk.blobs.check}
        problems = {name: problem for name, check in checks.items() if (problem := _problem(check)) is not None}
        body = {
            "ready": not problems,
            "checks": {name: problems.get(name, "ok") for name in checks},
            "warnings": _warnings(desk),
            "reason": "; ".join(f"{name}: {problem}" for name, problem in problems.items()) or None,
        }
        return jsonify(body), 503 if problems else 200

    @views.get("/metrics")
    def metrics() -> Response:
        """Prometheus text: this process's counters, and the desk's figures."""
        return Response(generate_latest(REGISTRY) + generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return views
