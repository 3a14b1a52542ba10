"""What holds at each text and call that leaves the desk, and at each hour."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from tests import owned_pages
from tests.month.callers import Clients
from tests.month.life import Life
from tests.month.rota import NUMBERS, Change, on_duty, wall
from tests.month.trouble import Trouble
from tickets.models import Call, DutyOverride, Message, Ring

#: What was changed by text is known everywhere after this; while the database was away, the file alone counted.
KNOWN_AFTER = timedelta(seconds=2)
STOPS, STARTS = ("STOP", "opt out"), ("START",)


class Proof:
    """Looks at everything that leaves the desk. `counted` is what there was to look at."""

    def __init__(self, life: Life, clients: Clients, trouble: Trouble) -> None:
        self.life, self.clients = life, clients
        self.silent: dict[str, bool] = {}  # who opted out; True: a confirmation may follow
        self.counted: Counter[str] = Counter()
        self._texts = 0
        self.wrong: list[AssertionError] = []
        trouble.before_text.append(lambda to, body: self._looks(self.a_text_leaves, to, body))
        trouble.before_call.append(lambda to, url: self._looks(self.a_phone_is_called, to, url))
        trouble.after_refusal.append(lambda number: self.silent.update({number: False}))
        life.watchers += [self._reads_wishes, self._tells]

    def _looks(self, look: Callable[[str, str], None], to: str, what: str) -> None:
        """In the hands of a worker, who would take what is raised here for a failure of its own."""
        try:
            look(to, what)
        except AssertionError as error:
            self.wrong.append(error)

    def _tells(self) -> None:
        if self.wrong:
            raise self.wrong[0]

    # --- at each text and call --------------------------------------------------------------------------------------

    def _reads_wishes(self) -> None:
        """STOP and START, once the desk has them."""
        waiting = self.clients.texts[self._texts :]
        if not waiting or self.life.database_away:
            return
        with self.life.world.desk.database.reading() as session:
            taken = set(session.scalars(select(Message.sid).where(Message.sid.in_([one.sid for one in waiting]))))
        for text in waiting:
            if text.sid not in taken:
                return
            self._texts += 1
            if text.body in STOPS:
                self.silent[text.from_number] = text.body == "opt out" and text.from_number not in self.silent
            elif text.body in STARTS:
                self.silent.pop(text.from_number, None)

    def a_text_leaves(self, to: str, body: str) -> None:
        """The carrier is about to get a text."""
        text, states = owned_pages.of_text(self.life.world.desk.database, to, body)
        assert states <= {"open"}, f"a page about a ticket that is {states}: {text.key}"
        self.counted[text.purpose] += 1
        if to in self.silent:
            assert text.purpose == "confirm", f"a text to {to}, who has opted out: {text.key}"
            assert self.silent[to], "an opt-out is confirmed once, and not where the carrier answered it"
            self.silent[to] = False

    def a_phone_is_called(self, to: str, status_url: str) -> None:
        """The carrier is about to call a phone of the team."""
        database = self.life.world.desk.database
        leg, state = owned_pages.of_call(database, status_url)
        self.counted[f"call to {leg.purpose}"] += 1
        if leg.purpose == "page":
            assert state == "open", f"a call about a ticket that is {state}: {leg.key}"
            return
        with database.reading() as session:
            ring = session.get_one(Ring, leg.ring_id)
            caller = session.get_one(Call, ring.call_id).from_number
        assert to == NUMBERS[leg.person] != caller
        assert ring.state == "ringing", "nobody waits any more"
        assert self.life.now.moment < ring.until, "the ring is over"
        may = self.may_be_on_duty(ring.started_at)
        assert leg.person in may, f"{leg.person} is rung off duty at {wall(ring.started_at)}: {sorted(may)}"

    # --- who is on duty ---------------------------------------------------------------------------------------------

    def changes(self) -> list[Change]:
        """What colleagues changed by text."""
        return [
            Change(row.begins, row.ends, row.person, row.also, row.place_of, row.created_at, row.undone_at)
            for row in self.life.world.rows(DutyOverride)
        ]

    def may_be_on_duty(self, at: datetime) -> frozenset[str]:
        """Those on duty, and for a moment those from before a change by text."""
        return frozenset().union(*self.duties(at))

    def duties(self, at: datetime) -> list[frozenset[str]]:
        changes = self.changes()
        known = [one for one in changes if one.made <= at - KNOWN_AFTER]
        late = [
            Change(one.begins, one.ends, one.who, one.also, one.place, one.made, _later(one.undone)) for one in known
        ]
        duties = [on_duty(at, changes), on_duty(at, late)]
        if at - self.life.back_at <= KNOWN_AFTER:
            duties.append(on_duty(at))
        return duties

    def hourly(self) -> None:
        """The desk's own answer to who is on duty."""
        if not self.life.database_away:
            at = self.life.now.moment
            desk = frozenset(one.name for one in self.life.world.desk.rules.on_duty(at))
            assert desk in self.duties(at), f"at {wall(at)}: {sorted(desk)}, and not {sorted(on_duty(at))}"


def _later(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment + KNOWN_AFTER
