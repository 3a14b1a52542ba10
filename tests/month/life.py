"""The time of the month: an agenda of what people and machines do, and a desk that works whenever something is due.

Nothing happens between two acts, so that nothing has to be looked at there: a quiet night costs a few milliseconds."""

import heapq
import random
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from ivr.auditor import Auditor
from ivr.carrier.base import CarrierError
from ivr.clock import notice_stale_calls, sweep
from ivr.lookups import reconcile
from ivr.readiness import report_if_due
from tests.world import PUBLIC, World
from tickets.models import Work
from tickets.states import WorkKind, WorkState

Act = Callable[..., None]
#: What the carrier has got and nobody has looked at yet.
Watcher = Callable[[], None]


class Life:
    """A desk, its time and its chance. `watchers` look at what came of each act."""

    def __init__(self, world: World, seed: int, begins: datetime) -> None:
        self.world, self.chance = world, random.Random(seed)
        self.now = world.now
        self.now.moment = begins
        self.watchers: list[Watcher] = []
        self.auditor = Auditor(world.desk)
        self.calm = self.quiet = False
        self._agenda: list[tuple[datetime, int, Act, tuple[Any, ...]]] = []
        self._count = 0
        self._outage: ExitStack | None = None
        self.began = self.back_at = begins  # the latter: when the database answered again for the last time

    # --- the agenda -------------------------------------------------------------------------------------------------

    def at(self, moment: datetime, act: Act, *what: Any) -> None:
        self._count += 1
        heapq.heappush(self._agenda, (moment, self._count, act, what))

    def soon(self, seconds: float, act: Act, *what: Any) -> None:
        self.at(self.now.moment + timedelta(seconds=seconds), act, *what)

    def often(self, share: float) -> bool:
        """Chance, while it plays."""
        return not self.calm and self.chance.random() < share

    def until(self, end: datetime) -> None:
        """Live until then."""
        while self.now.moment < end:
            first = self._agenda[0][0] if self._agenda else end
            due = self._due() or end
            moment = min(end, first, max(due, self.now.moment + timedelta(seconds=1)))
            self.now.moment = max(self.now.moment, moment)
            if due <= self.now.moment:
                self.works(sweeps=True)
            while self._agenda and self._agenda[0][0] <= self.now.moment:
                _, _, act, what = heapq.heappop(self._agenda)
                act(*what)
                self.works()

    def _due(self) -> datetime | None:
        """When a worker can take something next: when it is due, and nobody who has died holds it any more."""
        if self.database_away or self.world.queue.down:
            return None
        free = case((Work.lease_until >= Work.due_at, Work.lease_until), else_=Work.due_at)
        waiting = select(func.min(free)).where(Work.state == WorkState.WAITING)
        if not self.world.transcriber_runs:
            waiting = waiting.where(Work.kind != WorkKind.TRANSCRIBE)
        with self.world.desk.database.reading() as session:
            found: datetime | None = session.scalar(waiting)
        return found

    # --- the desk ---------------------------------------------------------------------------------------------------

    @property
    def database_away(self) -> bool:
        return self._outage is not None

    def works(self, *, sweeps: bool = False) -> None:
        """What workers do as far as broker and database answer, after a sweep; then whoever watches, looks."""
        self.quiet = self.quiet and not sweeps and not self.world.queue.jobs
        if not self.world.queue.down:
            try:
                if sweeps:
                    sweep(self.world.desk)
                self.world.work()
            except (SystemExit, OperationalError):  # a worker has died, or found no database: its lease runs out
                self.world.queue.jobs.clear()
        for watcher in self.watchers:
            watcher()

    def round(self) -> None:
        """What the clock does besides the sweep, every hour here and whenever something is over."""
        if self.database_away:
            return
        self.notices_stale_calls()
        report_if_due(self.world.desk)
        if self.quiet:  # and nothing has happened since
            return
        with suppress(CarrierError):
            reconcile(self.world.desk)
        self.quiet = self.auditor.run().clean

    def notices_stale_calls(self) -> None:
        if not self.database_away:
            notice_stale_calls(self.world.desk)

    def loses_database(self) -> None:
        if self._outage is None:
            self._outage = ExitStack()
            self._outage.enter_context(self.world.without_database())

    def finds_database(self) -> None:
        if self._outage is not None:
            self._outage.close()
            self._outage, self.back_at = None, self.now.moment
            self.soon(1, self.round)

    # --- the carrier's webhooks -------------------------------------------------------------------------------------

    def posts(self, url: str, **form: str) -> TestResponse:
        """A webhook. It fails only while the database is away, and then it was for nothing."""
        self.quiet = False
        path = url.removeprefix(PUBLIC).partition("#")[0]
        answer = self.world.post(path, AccountSid="AC1", ApiVersion="2010-04-01", **form)
        assert answer.status_code == 200 or self.database_away, (path, answer.status_code, answer.text)
        return answer

    def reports(self, url: str, **form: str) -> None:
        """A callback: in a moment, now and then twice, late, or never; those of a few seconds come in any order."""
        if self.often(0.05):
            return
        delay = self.chance.uniform(0, 3) if not self.often(0.03) else self.chance.uniform(5, 90)
        for _ in range(2 if self.often(0.07) else 1):
            self.soon(delay, self._reports, url, form)
            delay += self.chance.uniform(0, 5)

    def _reports(self, url: str, form: dict[str, str]) -> None:
        self.posts(url, **form)
