"""What holds when the month is over, of everything that is left of it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from tests.month.callers import Clients
from tests.month.colleagues import Team
from tests.month.life import Life
from tests.month.lines import Rooms
from tests.month.proof import Proof
from tests.month.rota import LEADS, TEAM, wall
from tests.owned_pages import PAGES
from tickets.models import Call, Escalation, Event, Leg, Message, Recording, Ring, Ticket, Work

#: A ticket whose claim ran out may be paged in the words of the time before, but never so soon.
AGAIN = timedelta(minutes=30)
#: The longest that a caller waits: the ring, the last turn on hold, and being moved.
LONGEST_HOLD = 45


class Ending:
    """Looks at all of it once."""

    def __init__(self, life: Life, proof: Proof, team: Team, *, clients: Clients, rooms: Rooms) -> None:
        self.life, self.proof, self.team, self.clients, self.rooms = life, proof, team, clients, rooms
        self.counted = proof.counted

    def is_well(self) -> None:
        """Everything holds. The watcher finds nothing."""
        self.nothing_waits()
        self.every_ticket_has_an_owner_or_an_end()
        self.pages_went_to_those_on_duty()
        self.pages_that_failed_had_another_way()
        self.each_text_and_call_once()
        self.every_call_has_an_end()
        self.every_message_is_heard()
        found = self.life.auditor.run()
        assert (found.found, found.clean) == ((), True)

    def nothing_waits(self) -> None:
        assert [(row.kind, row.ref, row.error) for row in self.work if row.state == "waiting"] == []
        dead = {row.kind for row in self.work if row.state == "dead"}
        assert dead <= {"send-text"}, dead  # a text that was too old to be of use

    def every_ticket_has_an_owner_or_an_end(self) -> None:
        """Whoever leads an incident stands for all of it."""
        ends = {row.key.rpartition(":end:")[0] for row in self.sent if ":end:" in row.key}
        for escalation in self._rows(Escalation):
            assert escalation.state in ("stopped", "over"), f"an escalation without an end: {escalation.id}"
            assert escalation.state == "stopped" or f"escalation:{escalation.id}" in ends, "nobody heard of the end"
        for ticket in self.tickets.values():
            leads = self.tickets[ticket.incident_id or ticket.id]
            assert leads.incident_id is None
            told = _since_open(self.events[leads.id])
            end = any(one.startswith("Nobody has acknowledged after") for one in told)
            assert ticket.state != "open" or (leads.state == "open" and end), (ticket.number, ticket.state, told)
            self.counted[f"ticket {ticket.state}"] += 1

    def pages_went_to_those_on_duty(self) -> None:
        """To all of them and nobody else, each time a ticket is announced; steps of an escalation go where its plan says."""
        told: dict[str, set[str]] = defaultdict(set)
        moments: dict[str, datetime] = {}
        for row in self.pages:
            assert row.person in TEAM
            occasion = re.match(r"((?:page|missed|words|update):\d+:.*):\+\d+(:voice)?$", row.key)
            step = re.match(r"escalation:\d+:(\d+):\+\d+:(?:sms|voice)$", row.key)
            if occasion:
                told[occasion[1]].add(row.person)
                moments[occasion[1]] = row.created_at
            elif step and int(step[1]) % 3 == 0:
                assert row.person in self.proof.may_be_on_duty(row.created_at), (row.key, row.person)
            elif step and int(step[1]) % 3 == 2:
                assert row.person in LEADS
        for occasion, people in told.items():
            at = moments[occasion]
            assert people in self.proof.duties(at), f"{occasion} at {wall(at)}: {people}, not {self.proof.duties(at)}"
        self.counted["times that a ticket was announced"] = len(told)

    def pages_that_failed_had_another_way(self) -> None:
        """A page that did not reach its person is looked after: the person is called, unless somebody had the ticket."""
        looked = {row.ref: row for row in self.work if row.kind == "other-way"}
        called = {(row.ticket_id, row.person) for row in self.pages if row.by == "voice"}
        for row in self.pages:
            if row.by == "sms" and row.state == "failed" and row.purpose in ("page", "missed"):
                assert row.id in looked, f"nobody looked after a page that failed: {row.key}"
                at = looked[row.id].finished_at
                owned = _owned(self.events[row.ticket_id], at)
                assert owned or ":end:" in row.key or (row.ticket_id, row.person) in called, row.key
                self.counted["pages that failed"] += 1

    def each_text_and_call_once(self) -> None:
        """What the carrier has, is what was written; nobody gets the same page twice, but for one that did not arrive."""
        carrier = self.life.world.carrier
        assert Counter(one.sid for one in carrier.sent) == Counter(row.sid for row in self.sent if row.sid)
        assert set(Counter(one.status_url for one in carrier.placed).values()) <= {1}
        failed = {row.sid for row in self.sent if row.state == "failed"}
        said: dict[tuple[str, str], datetime] = {}
        for one in carrier.sent:
            if one.body.startswith("URGENT") and one.sid not in failed:
                before = said.get((one.to, one.body), self.life.began - AGAIN)
                assert one.at - before > AGAIN, f"{one.to} got it twice: {one.body}"
                said[one.to, one.body] = one.at

    def every_call_has_an_end(self) -> None:
        rows = {row.sid: row for row in self._rows(Call)}
        talks = {sid for two in self.rooms.talks for sid in two}
        for caller in self.clients.callers:
            assert caller.over, f"{caller.sid} is still on the line"
            assert caller.longest_hold <= LONGEST_HOLD, f"{caller.sid} was on hold for {caller.longest_hold:.0f} s"
            if caller.sid not in rows:  # came and went while the database was away, and said nothing
                self.counted["call unknown"] += 1
                assert caller.sid not in {message.call for message in self.clients.messages}
                continue
            call = rows[caller.sid]
            assert call.ended_at is not None, f"{caller.sid} has no end"
            assert call.outcome in ("answered", "voicemail", "abandoned", "failed"), call.outcome
            assert caller.sid not in talks or call.outcome == "answered", caller.sid
            assert call.choice is None or call.ticket_id is not None
            self.counted[f"call {call.outcome}"] += 1
        assert not [phone.sid for phone in self.team.phones.values() if not phone.over]
        assert {ring.state for ring in self._rows(Ring)} <= {"taken", "over"}
        for leg in self._rows(Leg):
            assert leg.state not in ("pending", "calling", "ringing", "picked-up"), leg.state
            assert leg.sid is None or leg.ended_at is not None

    def every_message_is_heard(self) -> None:
        """A ticket with its words, that somebody was told of or has."""
        rows = {row.sid: row for row in self._rows(Recording)}
        calls = {row.id: row for row in self._rows(Call)}
        told = {row.ticket_id for row in self.sent if row.purpose in (*PAGES, "notice")}
        for message in self.clients.messages:
            row = rows[message.sid]
            assert row.transcript == "done", (message, row.transcript)
            ticket = self.tickets[calls[row.call_id].ticket_id]
            heard = ticket.id in told or ticket.incident_id in told or ticket.state != "open"
            assert heard, f"nobody heard of {ticket.number}"

    # --- what is left -----------------------------------------------------------------------------------------------

    def _rows(self, table: Any) -> list[Any]:
        return self.life.world.rows(table)

    @cached_property
    def work(self) -> list[Work]:
        return self._rows(Work)

    @cached_property
    def tickets(self) -> dict[int | None, Ticket]:
        return {row.id: row for row in self._rows(Ticket)}

    @cached_property
    def sent(self) -> list[Message]:
        """Every text and spoken page that the desk has written."""
        return [row for row in self._rows(Message) if row.direction == "out"]

    @cached_property
    def pages(self) -> list[Message]:
        return [row for row in self.sent if row.purpose in PAGES]

    @cached_property
    def events(self) -> dict[int | None, list[Event]]:
        """The story of each ticket."""
        found: dict[int | None, list[Event]] = defaultdict(list)
        for event in self._rows(Event):
            found[event.ticket_id].append(event)
        return found


def _since_open(events: list[Event]) -> list[str]:
    """What happened to a ticket since it was open for the last time."""
    opened = [index for index, event in enumerate(events) if event.kind in ("opened", "reopened")]
    return [event.text for event in events[opened[-1] :]]


def _owned(events: Iterable[Event], at: datetime | None) -> bool:
    """Whether somebody had a ticket at a moment, or another ticket stood for it."""
    before = [one.kind for one in events if at is None or one.at <= at]
    states = [kind for kind in before if kind in ("opened", "reopened", "claimed", "resolved", "incident")]
    return states[-1] in ("claimed", "resolved", "incident")
