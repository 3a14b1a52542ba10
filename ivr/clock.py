"""The clock: queue again whatever is due and not queued, and notice what never came. Many may run, one does the work."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ivr import auditor, flowwatch
from ivr.carrier.base import CarrierError
from ivr.drill import drill_if_due
from ivr.lookups import reconcile
from ivr.queue import BrokerDown, job_id
from ivr.readiness import EVERY, report_if_due
from ivr.settings import Settings
from ivr.wiring import Helpline, following
from tickets import calls, leader, work
from tickets.states import WorkKind

log = structlog.get_logger(__name__)

#: Seconds between two sweeps.
TICK = 1.0
#: Seconds between two comparisons with the carrier.
RECONCILE_EVERY = 60.0
#: Seconds between two looks at whether a drill is due.
DRILL_EVERY = 30.0


class Aside:
    """Something that is done every so often in a thread of its own: what hangs must not stop the sweep, nor outlast the lead.
    While it is at work it is not begun again."""

    def __init__(self, name: str, every: float, do: Callable[[], object], *, failed: str) -> None:
        self._name, self._every, self._do, self._failed = name, every, do, failed
        self._next = 0.0
        self._thread: threading.Thread | None = None

    def tick(self) -> None:
        """Begin it when it is time."""
        if time.monotonic() < self._next or (self._thread and self._thread.is_alive()):
            return
        self._next = time.monotonic() + self._every
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._do()
        except (CarrierError, SQLAlchemyError) as error:
            log.warning(self._failed, error=f"{type(error).__name__}: {error}".splitlines()[0])
        except Exception:
            log.exception(self._failed)


def sweep(desk: Helpline) -> int:
    """Queue all due work that nobody holds and that is not in the queue. Returns how much that was. Raises BrokerDown."""
    with desk.database.reading() as session:
        due = work.due(session, now=desk.now())
    if not due:
        return 0
    queued = desk.queue.queued()
    missing = [(kind, id_, attempts) for kind, id_, attempts in due if job_id(kind, id_, attempts) not in queued]
    desk.queue.put(missing)
    return len(missing)


def notice_stale_calls(desk: Helpline) -> int:
    """Plan a look-up for calls that should have ended by now. Returns how many there are."""
    now = desk.now()
    with desk.database.reading() as session:
        if not (found := calls.stale(session, now=now)):
            return 0
    with desk.database.unit() as unit:
        for call_id in found:
            work.plan_again(unit, WorkKind.LOOK_UP_CALL, call_id, now=now, due_at=now)
    return len(found)


def watch_flows(desk: Helpline) -> Callable[[], None]:
    """One look at the flow files. A desk that follows no versions has nothing to look for."""
    watch = flowwatch.FlowWatch(desk.database, desk.settings.flows_dir, rules=lambda: desk.latest().rules, now=desk.now)
    return watch.look if desk.versions is not None else lambda: None


class Clock:
    """One clock process. `holder` names it in the database."""

    def __init__(self, desk: Helpline) -> None:
        self.desk = desk
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{time.monotonic_ns()}"
        self._leads = False
        self._asides = (
            Aside(
                "reconcile",
                RECONCILE_EVERY,
                lambda: reconcile(desk.latest()),
                failed="the carrier could not be compared with",
            ),
            Aside("drill", DRILL_EVERY, lambda: drill_if_due(desk.latest()), failed="the drill could not be run"),
            Aside("flow files", flowwatch.EVERY, watch_flows(desk), failed="the flow files could not be looked at"),
            Aside("audit", auditor.EVERY, auditor.Auditor(desk).run, failed="the watcher could not look at the desk"),
        )
        self._next_report = 0.0

    def tick(self) -> None:
        """One round. Whatever does not answer is tried again in the next one."""
        try:
            with self.desk.database.unit() as unit:
                leads = leader.lead(unit, "clock", self.holder, now=self.desk.now())
            if leads != self._leads:
                log.info("this clock leads now" if leads else "another clock leads")
                self._leads = leads
            if not leads:
                return
            desk = self.desk.latest()
            notice_stale_calls(desk)
            self._report(desk)
            sweep(desk)
            for aside in self._asides:
                aside.tick()
        except (SQLAlchemyError, BrokerDown) as error:
            log.warning("the clock could not do its round", error=f"{type(error).__name__}: {error}".splitlines()[0])

    def _report(self, desk: Helpline) -> None:
        if time.monotonic() >= self._next_report:
            report_if_due(desk)
            self._next_report = time.monotonic() + EVERY

    def resign(self) -> None:
        """Let another clock lead at once."""
        with self.desk.database.unit() as unit:
            leader.resign(unit, "clock", self.holder)


def run_clock(settings: Settings) -> None:
    """The clock role, until SIGTERM or SIGINT."""
    clock = Clock(following(settings))
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    log.info("clock ready", leads_for=f"{timedelta(seconds=leader.LEASE).total_seconds():.0f} s")
    while not over.wait(TICK):
        clock.tick()
    try:
        clock.resign()
    except SQLAlchemyError:
        log.warning("the database is away; the lease of this clock will run out")
