"""A drill: the desk calls itself, leaves a message, and sees each leg of the way to a page come, or not."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from flows.drilling import last_slot, way
from ivr.drill_calls import NotPlaced, Placer, placer
from ivr.wiring import Helpline
from tickets import drills, marks, outbox
from tickets.audit_reading import DRILL_LASTS
from tickets.db import serialise
from tickets.drills import AFTER, Leg, Seen
from tickets.models import Drill
from tickets.sms import fit
from tickets.states import DrillState, Purpose

log = structlog.get_logger(__name__)

#: Seconds between two looks at the desk.
LOOK_EVERY = 0.25

#: A leg that is too slow is waited for so many seconds more, to tell slow from never.
GRACE = 30.0

#: Seconds that a leg may take after the one before it, where the flow file says nothing about it. The carrier gives a webhook
#: 15 s; the others are what a caller, a worker and the transcriber usually need, with room.
LIMITS = {
    Leg.ANSWERED: 20.0,
    Leg.MENU: 15.0,
    Leg.KEY: 60.0,
    Leg.TICKET: 180.0,
    Leg.RECORDED: 120.0,
    Leg.FETCHED: 60.0,
    Leg.WORDS: 120.0,
    Leg.SENT: 30.0,
}

#: A slot that was missed by more, because no clock ran, is not made up for.
MISSED = timedelta(hours=1)
SLOT = "drill:slot"


class Verdict(StrEnum):
    """What became of a leg."""

    OK = "ok"
    SLOW = "slow"  # it came, later than it may
    FAILED = "failed"
    LEFT_OUT = "left out"  # what it needs did not come


@dataclass(frozen=True)
class LegResult:
    """One line of the report: seconds since the leg before it, None when it did not come; the most it may take; and why."""

    leg: Leg
    verdict: Verdict
    seconds: float | None
    limit: float
    why: str | None = None


@dataclass(frozen=True)
class Report:
    """A drill that is over. `ticket` is None when none was opened."""

    ticket: int | None
    passed: bool
    seconds: float
    legs: tuple[LegResult, ...]

    def data(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    @property
    def wrong(self) -> str:
        """The first leg that is not in order, in words."""
        for one in self.legs:
            if one.verdict is not Verdict.OK:
                slow = f"{one.seconds:.1f} s, at most {one.limit:.0f}" if one.seconds is not None else None
                return f"{one.leg} {one.verdict} ({one.why or slow or 'it did not come'})"
        return ""


class AlreadyRunning(Exception):
    """Two drills at once could not be told apart."""


@dataclass
class Course:
    """Which legs have come, and when, in seconds since the call was placed. Knows no clock: the moments are handed in."""

    limits: Mapping[Leg, float]
    at: dict[Leg, float] = field(default_factory=dict)
    problems: dict[Leg, str] = field(default_factory=dict)

    def feed(self, seen: Mapping[Leg, Seen], at: float) -> None:
        """What is known of the legs at this moment."""
        for leg in self.limits:
            since = self.begun(leg)
            if leg in self.at or leg in self.problems or since is None:
                continue
            if seen[leg].came:
                self.at[leg] = at
            elif (problem := seen[leg].problem) is not None:
                self.problems[leg] = problem
            elif at - since > self.limits[leg] + GRACE:
                self.problems[leg] = f"nothing came within {self.limits[leg] + GRACE:.0f} s"

    def begun(self, leg: Leg) -> float | None:
        """When the leg could begin; None while what it needs has not come."""
        before = AFTER.get(leg)
        while before is not None and before not in self.limits:
            before = AFTER.get(before)
        return 0.0 if before is None else self.at.get(before)

    def break_off(self, why: str) -> None:
        """The caller cannot go on: the first leg that is under way has failed."""
        for leg in self.limits:
            if leg not in self.at and leg not in self.problems:
                self.problems[leg] = why
                return

    @property
    def now(self) -> Leg | None:
        """The leg that is under way; None when nothing more can come."""
        waiting = (leg for leg in self.limits if leg not in self.at and leg not in self.problems)
        return next((leg for leg in waiting if self.begun(leg) is not None), None)

    def results(self) -> tuple[LegResult, ...]:
        """A line for each leg."""
        return tuple(self._result(leg) for leg in self.limits)

    def _result(self, leg: Leg) -> LegResult:
        limit, begun = self.limits[leg], self.begun(leg)
        if leg in self.at:
            seconds = round(max(0.0, self.at[leg] - (begun or 0.0)), 1)
            return LegResult(leg, Verdict.OK if seconds <= limit else Verdict.SLOW, seconds, limit)
        verdict = Verdict.FAILED if leg in self.problems else Verdict.LEFT_OUT
        return LegResult(leg, verdict, None, limit, self.problems.get(leg))


def limits_of(desk: Helpline, *, key: bool, page: bool) -> dict[Leg, float]:
    """The legs of a drill with these flow files, and the seconds that each may take."""
    pages = desk.flows.helpdesk.pages
    limits = {**LIMITS, Leg.READY: pages.wait_for_transcript + 5.0, Leg.DELIVERED: float(pages.delivery_report)}
    left_out = ({Leg.KEY} if not key else set()) | ({Leg.SENT, Leg.DELIVERED} if not page else set())
    return {leg: limits[leg] for leg in Leg if leg not in left_out}


def run_drill(
    desk: Helpline,
    *,
    page: str | None = None,
    place: Placer | None = None,
    progress: Callable[[Course], None] = lambda _: None,
) -> Report:
    """Place the call and watch it to its end. `page` names the one person who is really paged.

    Its ticket is resolved, and says how it went, whatever happens. Raises AlreadyRunning, and SQLAlchemyError when the
    database does not answer at the beginning."""
    moves = way(desk.flows.helpdesk, desk.now())
    drill = _begin(desk, page)
    course = Course(limits_of(desk, key=any(move.key for move in moves), page=page is not None))
    caller = _Caller(lambda: (place or placer(desk.settings))(moves))
    started = time.monotonic()
    try:
        if not moves:
            course.break_off("the flow leads to no voicemail")
        else:
            caller.start()
        while moves and course.now is not None:
            _look(desk, drill, course, at=time.monotonic() - started)
            if caller.problem is not None:
                course.break_off(caller.problem)
                break
            progress(course)
            time.sleep(LOOK_EVERY)
    except BaseException:
        course.break_off("it was stopped")
        raise
    finally:
        report = _finish(desk, drill, course, seconds=round(time.monotonic() - started, 1))
    return report


def _begin(desk: Helpline, page: str | None) -> int:
    now = desk.now()
    with desk.database.unit() as unit:
        serialise(unit, "drill")
        running = select(Drill.id).where(Drill.state == DrillState.RUNNING, Drill.started_at > now - DRILL_LASTS)
        if unit.scalars(running.limit(1)).first() is not None:
            raise AlreadyRunning("a drill is running already; one at a time")
        return drills.begin(unit, desk.settings.twilio_number, page=page, now=now).id


def _look(desk: Helpline, drill: int, course: Course, *, at: float) -> None:
    try:
        with desk.database.reading() as session:
            seen = drills.look(session, drill)
    except SQLAlchemyError:
        seen = dict.fromkeys(Leg, Seen())  # the time runs on: a database that is away fails the leg
    course.feed(seen, at)


def _finish(desk: Helpline, drill: int, course: Course, *, seconds: float) -> Report:
    legs = course.results()
    passed = all(one.verdict is Verdict.OK for one in legs)
    report = Report(None, passed, seconds, legs)
    words = f"The drill went well, in {seconds:.0f} s" if passed else f"The drill failed: {report.wrong}"
    lines = [asdict(one) for one in legs]
    with desk.database.unit() as unit:
        ticket = drills.finish(unit, drill, passed=passed, legs=lines, words=words, now=desk.now())
    log.info("the drill is over", passed=passed, ticket=ticket, seconds=seconds, wrong=report.wrong or None)
    return Report(ticket, passed, seconds, legs)


class _Caller(threading.Thread):
    """The caller of a drill, who waits for prompts and so needs a thread."""

    def __init__(self, play: Callable[[], None]) -> None:
        super().__init__(name="drill caller", daemon=True)
        self._play = play
        self.problem: str | None = None

    def run(self) -> None:
        try:
            self._play()
        except NotPlaced as error:
            self.problem = str(error)
        except Exception as error:
            log.exception("the caller of the drill failed")
            self.problem = f"the caller failed: {type(error).__name__}"


def drill_if_due(desk: Helpline) -> Report | None:
    """Run the drill of the flow file when its time has come, once for each slot whoever asks; a failed one is told to those
    who lead. None when none is due."""
    wanted, now = desk.flows.helpdesk.drill, desk.now()
    if wanted is None:
        return None
    slot = last_slot(wanted, desk.flows.helpdesk.desk.zone, now)
    with desk.database.unit() as unit:
        serialise(unit, SLOT)
        if marks.moment(unit, SLOT, default=now) >= slot:
            return None
        marks.set_moment(unit, SLOT, slot)
    if now - slot > MISSED:
        log.warning("a drill was missed", slot=slot.isoformat())
        return None
    try:
        report = run_drill(desk)
    except AlreadyRunning:
        return None
    if not report.passed:
        _tell_leads(desk, report, slot)
    return report


def _tell_leads(desk: Helpline, report: Report, slot: datetime) -> None:
    rules, now = desk.rules, desk.now()
    ticket = f" Ticket {report.ticket}." if report.ticket else ""
    body = fit("The help desk's drill failed: ", report.wrong, f".{ticket} Run helpline drill to try again.")
    with desk.database.unit() as unit:
        for person in rules.leads:
            outbox.write(
                unit,
                key=f"drill:{int(slot.timestamp())}:{person.number}",
                purpose=Purpose.NOTICE,
                to=person.number,
                body=body,
                desk=rules.desk_number,
                now=now,
                person=person.name,
            )
