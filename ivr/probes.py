"""For machines that watch: /healthz, /readyz and /metrics. The figures are those of `ivr.metrics`."""

from collections.abc import Callable

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr import auditor
from ivr.metrics import DeskCollector, silent_staff
from ivr.queue import BrokerDown
from ivr.wiring import Helpline, Latest
from tickets import flow_versions
from tickets.storage import StorageError


def _warnings(desk: Helpline) -> list[str]:
    """What a person has to mend although calls are answered. It must not take this process out of service."""
    try:
        with desk.database.reading() as session:
            silent = [f"no texts and no pages to {name}: {why}" for name, why in silent_staff(session, desk)]
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
