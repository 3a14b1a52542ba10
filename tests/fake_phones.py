"""The staff's phones for tests/world.py: what the carrier was asked to call, and who picks up and presses what."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ivr.carrier.base import CallInfo
from tests.fake_carrier import Placed
from tickets.models import Work
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

        path = url.removeprefix(PUBLIC).partition("#")[0]
        answer = self.world.post(path, CallSid=one.sid, From=DESK, To=one.to, Direction="outbound-api", **form)
        assert answer.status_code == 200, answer.text
        self.world.work()
        return answer.text
