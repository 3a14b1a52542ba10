"""The staff's phones for tests/world.py: what the carrier was asked to call, and who picks up and presses what."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from ivr.carrier.base import CallInfo, NotThere
from tickets.models import Work
from tickets.outbox import Handed, NotSent
from tickets.rules import Rules
from tickets.states import WorkState

if TYPE_CHECKING:
    from tests.world import World

#: The carrier's words for a call that is over.
OVER = ("completed", "busy", "failed", "no-answer", "canceled")


def calm(rules: Rules) -> Rules:
    """Rules by which nothing follows a page that nobody acknowledged, nor a claim: for stories about something else."""
    return replace(rules, plans={}, ask_owner_after=timedelta())


def leap(world: "World", seconds: float) -> Iterator[None]:
    """Time passes from one piece of work that is due to the next, however long nothing happens between; stops at each."""
    end = world.now.moment + timedelta(seconds=seconds)
    while world.now.moment < end:
        with world.desk.database.reading() as session:
            due = session.scalar(select(func.min(Work.due_at)).where(Work.state == WorkState.WAITING)) or end
        soon = world.now.moment + timedelta(seconds=1)
        world.pass_time((min(end, max(due, soon)) - world.now.moment).total_seconds(), step=seconds)
        yield


@dataclass
class Placed:
    """A call to a colleague that the carrier got."""

    sid: str
    to: str
    url: str
    status_url: str
    ring_seconds: int
    at: datetime


class _Carrier:
    """What the rest of the carrier brings."""

    now: Any
    down: bool


@dataclass(kw_only=True)
class FakeStaffPhones(_Carrier):
    """`refuse_calls` maps a number to the errors of its next calls; a call whose outcome is unknown exists when
    `placed_although_unknown`. `ended` and `redirected` are what the desk did to calls."""

    calls: dict[str, CallInfo] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    refuse_calls: dict[str, list[BaseException]] = field(default_factory=dict)
    placed_although_unknown: bool = True
    redirected: list[tuple[str, str]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def place_call(self, *, to: str, url: str, status_url: str, ring_seconds: int) -> Handed:
        if self.down:
            raise NotSent("the carrier did not answer: ConnectionError")
        error = self.refuse_calls[to].pop(0) if self.refuse_calls.get(to) else None
        unknown = error is not None and type(error).__name__ not in ("TextRefused", "NotSent")
        if error is None or (unknown and self.placed_although_unknown):
            sid = f"CAleg{len(self.placed) + 1:04}"
            self.placed.append(Placed(sid, to, url, status_url, ring_seconds, self.now()))
            self.calls[sid] = CallInfo(sid, "ringing", "", to)
        if error is not None:  # an unknown outcome, or the end of the worker
            raise error
        return Handed(self.placed[-1].sid, "queued")

    def find_calls(self, *, to: str, since: datetime) -> list[Handed]:
        if self.down:
            raise NotSent("the carrier did not answer: ConnectionError")
        return [Handed(one.sid, self.calls[one.sid].status) for one in self.placed if one.to == to and one.at >= since]

    def redirect_call(self, sid: str, url: str) -> None:
        self._goes_on(f"redirect {sid}", sid)
        self.redirected.append((sid, url))

    def end_call(self, sid: str) -> None:
        self._goes_on(f"end {sid}", sid)
        self.ended.append(sid)
        self.calls[sid] = CallInfo(sid, "canceled", "", self.calls[sid].to_number)

    def _goes_on(self, what: str, sid: str) -> None:
        self._ask(what)
        if sid not in self.calls or self.calls[sid].status in OVER:
            raise NotThere("code 21220")

    def _ask(self, what: str) -> None:
        raise NotImplementedError


class StaffPhones:
    """A colleague and a telephone that is called. What is said comes back as plain words."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.turns: dict[str, int] = {}

    def calls_to(self, number: str) -> list[Placed]:
        return [one for one in self.world.carrier.placed if one.to == number]

    def last(self, number: str) -> Placed:
        return self.calls_to(number)[-1]

    def rings(self, number: str) -> bool:
        """Whether this phone rings, or talks to us, now."""
        return any(self.world.carrier.calls[one.sid].status not in OVER for one in self.calls_to(number))

    def leg_is(self, number: str, status: str, *, reported: bool = True) -> None:
        """The carrier's word for the last call to this phone; `reported` when it also says so by itself."""
        one = self.last(number)
        self.world.carrier.calls[one.sid] = CallInfo(one.sid, status, "", number)
        if reported:
            self._post(one.status_url, one, CallStatus=status)

    def picks_up(self, number: str) -> str:
        """Somebody, or a mailbox, picks up: what they hear first."""
        one = self.last(number)
        self.turns[one.sid] = 0
        self.leg_is(number, "in-progress")
        return self._turn(one, "")

    def presses(self, number: str, keys: str) -> str:
        """A key, or "" for none in time: what is heard then. Who is told goodbye hangs up."""
        one = self.last(number)
        self.turns[one.sid] += 1
        said = self._turn(one, keys)
        if self.hung_up:
            self.leg_is(number, "completed")
        return said

    hung_up = False
    twiml = ""

    def _turn(self, one: Placed, keys: str) -> str:
        url = f"{one.url.rpartition('/')[0]}/{self.turns[one.sid]}"
        self.twiml = self._post(url, one, CallStatus="in-progress", **({"Digits": keys} if keys else {}))
        self.hung_up = "<Hangup" in self.twiml
        return " ".join(re.findall(r"<Say[^>]*>([^<]*)</Say>", self.twiml))

    def _post(self, url: str, one: Placed, **form: str) -> str:
        from tests.world import DESK, PUBLIC

        path = url.removeprefix(PUBLIC)
        answer = self.world.post(path, CallSid=one.sid, From=DESK, To=one.to, Direction="outbound-api", **form)
        assert answer.status_code == 200, answer.text
        self.world.work()
        return answer.text
