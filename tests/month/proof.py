"""What holds in every month: at each text and call, at each hour, and when it is over."""

import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta

from sqlalchemy import select

from tests.month.callers import Clients
from tests.month.colleagues import Team
from tests.month.life import Life
from tests.month.lines import Rooms
from tests.month.rota import LEADS, NUMBERS, TEAM, Change, on_duty, wall
from tests.month.trouble import Trouble
from tickets.models import Call, DutyOverride, Escalation, Event, Leg, Message, Recording, Ring, Ticket, Work

PAGES = ("page", "words", "missed", "update")
#: What was changed by text is known everywhere after this; while the database was away, the file alone counted.
KNOWN_AFTER = timedelta(seconds=2)
STOPS, STARTS = ("STOP", "opt out"), ("START",)
#: The longest that a caller waits: the ring, the last turn on hold, and being moved.
LONGEST_HOLD = 45


class Proof:
    """Looks at everything that leaves the desk, and at everything that is left in the end."""

    def __init__(self, life: Life, team: Team, clients: Clients, *, rooms: Rooms, trouble: Trouble) -> None:
        self.life, self.team, self.clients, self.rooms = life, team, clients, rooms
        self.silent: dict[str, bool] = {}  # who opted out; True: a confirmation may follow
        self.counted: Counter[str] = Counter()
        self.ready: set[datetime] = set()
        self._texts = 0
        trouble.before_text.append(self.a_text_leaves)
        trouble.before_call.append(self.a_phone_is_called)
        trouble.after_refusal.append(lambda number: self.silent.update({number: False}))
        life.watchers.append(self._reads_wishes)

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
        with self.life.world.desk.database.reading() as session:
            found = select(Message).where(
                Message.to_number == to, Message.body == body, Message.state == "sending", Message.sid.is_(None)
            )
            text = session.scalars(found).first()
            assert text is not None, f"a text that nobody wrote: {body}"
            about = [text] if text.purpose in PAGES else []
            if text.purpose == "digest":
                merged = Message.merged_into == text.id, Message.state != "withheld"
                about = list(session.scalars(select(Message).where(*merged)))
            states = [session.get_one(Ticket, one.ticket_id).state for one in about]
            assert set(states) <= {"open"}, f"a page about a ticket that is {states}: {text.key}"
        self.counted[text.purpose] += 1
        if to in self.silent:
            assert text.purpose == "confirm", f"a text to {to}, who has opted out: {text.key}"
            assert self.silent[to], "an opt-out is confirmed once, and not where the carrier answered it"
            self.silent[to] = False

    def a_phone_is_called(self, to: str, status_url: str) -> None:
        """The carrier is about to call a phone of the team."""
        number = int(re.findall(r"/leg/(\d+)/", status_url)[0])
        with self.life.world.desk.database.reading() as session:
            leg = session.get_one(Leg, number)
            self.counted[f"call to {leg.purpose}"] += 1
            if leg.purpose == "page":
                state = session.get_one(Ticket, leg.ticket_id).state
                assert state == "open", f"a call about a ticket that is {state}: {leg.key}"
                return
            ring = session.get_one(Ring, leg.ring_id)
            caller = session.get_one(Call, ring.call_id).from_number
        assert to == NUMBERS[leg.person] != caller
        assert ring.state == "ringing" and self.life.now.moment < ring.until, "nobody waits any more"
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
        """Those on duty, with a moment's grace for news of a change."""
        return frozenset().union(*self._duties(at))

    def _duties(self, at: datetime) -> list[frozenset[str]]:
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
            assert desk in self._duties(at), f"at {wall(at)}: {sorted(desk)}, and not {sorted(on_duty(at))}"

    # --- when it is over --------------------------------------------------------------------------------------------

    def is_over(self) -> None:
        self._nothing_waits()
        self._every_ticket_has_an_owner_or_an_end()
        self._pages_went_to_those_on_duty()
        self._each_text_once()
        self._every_call_has_an_end()
        self._every_message_is_heard()
        found = self.life.auditor.run()
        assert (found.found, found.clean) == ((), True)

    def _nothing_waits(self) -> None:
        waiting = [(row.kind, row.ref, row.error) for row in self.life.world.rows(Work) if row.state == "waiting"]
        assert waiting == []
        dead = [(row.kind, row.error) for row in self.life.world.rows(Work) if row.state == "dead"]
        assert {kind for kind, _ in dead} <= {"send-text"}, dead

    def _every_ticket_has_an_owner_or_an_end(self) -> None:
        tickets = {row.id: row for row in self.life.world.rows(Ticket)}
        events: dict[int | None, list[Event]] = defaultdict(list)
        for event in self.life.world.rows(Event):
            events[event.ticket_id].append(event)
        ends = {row.key.rpartition(":end:")[0] for row in self._out() if ":end:" in row.key}
        for escalation in self.life.world.rows(Escalation):
            assert escalation.state in ("stopped", "over"), f"an escalation that never ends: {escalation.id}"
            if escalation.state == "over":
                assert f"escalation:{escalation.id}" in ends, "nobody was told of the end"
        for ticket in tickets.values():
            leads = tickets[ticket.incident_id or ticket.id]
            assert leads.incident_id is None
            told = _since_open(events[leads.id])
            end = any(one.startswith("Nobody has acknowledged after") for one in told)
            assert ticket.state != "open" or (leads.state == "open" and end), (ticket.number, ticket.state, told)
            self.counted[f"ticket {ticket.state}"] += 1

    def _out(self) -> list[Message]:
        return [row for row in self.life.world.rows(Message) if row.direction == "out"]

    def _pages_went_to_those_on_duty(self) -> None:
        """The pages of one occasion; steps of an escalation go where its plan says."""
        occasions: dict[str, set[str]] = defaultdict(set)
        moments: dict[str, datetime] = {}
        for row in self._out():
            match = re.match(r"((?:page|missed|words|update):\d+:.*):\+\d+(:voice)?$", row.key)
            step = re.match(r"(escalation:\d+:(\d+)):\+\d+:(?:sms|voice)$", row.key)
            assert row.purpose not in PAGES or row.person in TEAM
            if match and row.purpose in PAGES:
                occasions[match[1]].add(row.person)
                moments[match[1]] = row.created_at
            elif step and int(step[2]) % 3 == 0:
                assert row.person in self.may_be_on_duty(row.created_at), (row.key, row.person)
            elif step and int(step[2]) % 3 == 2:
                assert row.person in LEADS
        for occasion, people in occasions.items():
            at = moments[occasion]
            if at - self.life.began > KNOWN_AFTER:
                duties = [on_duty(at, self.changes()), on_duty(at, self._before(at)), on_duty(at)]
                assert people in duties, (occasion, wall(at), people, duties)
        self.counted["occasions"] = len(occasions)

    def _before(self, at: datetime) -> list[Change]:
        return [one for one in self.changes() if one.made <= at - KNOWN_AFTER]

    def _each_text_once(self) -> None:
        sent = Counter(one.sid for one in self.life.world.carrier.sent)
        assert sent == Counter(row.sid for row in self._out() if row.by == "sms" and row.sid)
        legs = Counter(leg.sid for leg in self.life.world.rows(Leg) if leg.sid)
        assert set(legs.values()) <= {1}
        said = Counter((one.to, one.body) for one in self.life.world.carrier.sent if "URGENT" in one.body)
        pass

    def _every_call_has_an_end(self) -> None:
        rows = {row.sid: row for row in self.life.world.rows(Call)}
        talks = {sid for two in self.rooms.talks for sid in two}
        for caller in self.clients.callers:
            assert caller.over, f"{caller.sid} is still on the line"
            assert caller.longest_hold <= LONGEST_HOLD, f"{caller.sid} was on hold for {caller.longest_hold:.0f} s"
            if caller.sid in rows:
                call = rows[caller.sid]
                assert call.ended_at is not None
                assert call.outcome in ("answered", "voicemail", "abandoned", "failed"), call.outcome
                assert caller.sid not in talks or call.outcome == "answered", caller.sid
                assert call.choice is None or call.ticket_id is not None
                self.counted[f"call {call.outcome}"] += 1
        assert not [phone.sid for phone in self.team.phones.values() if not phone.over]
        assert {ring.state for ring in self.life.world.rows(Ring)} <= {"taken", "over"}
        assert {leg.state for leg in self.life.world.rows(Leg)}.isdisjoint({"pending", "calling", "ringing"})

    def _every_message_is_heard(self) -> None:
        rows = {row.sid: row for row in self.life.world.rows(Recording)}
        calls = {row.id: row for row in self.life.world.rows(Call)}
        told = {row.ticket_id for row in self._out() if row.purpose in (*PAGES, "notice")}
        tickets = {row.id: row for row in self.life.world.rows(Ticket)}
        for message in self.clients.messages:
            row = rows[message.sid]
            assert row.transcript == "done", (message, row.transcript)
            ticket = tickets[calls[row.call_id].ticket_id]
            heard = ticket.id in told or ticket.incident_id in told or ticket.state != "open"
            assert heard, f"nobody heard of {ticket.number}"


def _later(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment + KNOWN_AFTER


def _since_open(events: list[Event]) -> list[str]:
    """What happened to a ticket since it was open for the last time."""
    opened = [index for index, event in enumerate(events) if event.kind in ("opened", "reopened")]
    return [event.text for event in events[opened[-1] :]]
