"""Conference rooms: who is in which, since when, and what the application is told of it.

Rows first, so that a sandbox that dies in the middle knows at its next start who has to leave.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ivr.sandbox import wire
from ivr.sandbox.behaviour import Behaviours
from ivr.sandbox.config import Tempo
from ivr.sandbox.dispatcher import OVERTAKING, Dispatcher
from ivr.sandbox.store import Row, Store, conferences, participants

# Seconds of the carrier's time from a change in a room to its callback.
CALLBACK_DELAY = 0.2
MOST = 250
# Why a leg is in a room no more, in the vendor's words.
HUNG_UP, UPDATED, ENDED = "participant_hung_up", "participant_updated_via_api", "moderator_ended_conference"


@dataclass(frozen=True)
class Terms:
    """How a leg enters a room: what its Conference noun asks for. `wait_url` None: the carrier's own music."""

    room: str
    starts: bool = True
    ends: bool = False
    muted: bool = False
    beep: str = "true"
    most: int = MOST
    wait_url: str | None = None
    callback_url: str = ""
    callback_method: str = "POST"
    callback_events: tuple[str, ...] = ()


class Seat:
    """The place of one leg. The leg's thread reads it whenever it is woken.

    `started`: sound is mixed. `over`: the conference has ended. `bridged`: there was somebody to talk to.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self.started, self.over, self.bridged = False, False, False
        self.wake = wake


class Rooms:
    """Every room of the account. Safe to share between threads."""

    def __init__(self, account: str, store: Store, *, dispatcher: Dispatcher, rules: Behaviours, tempo: Tempo) -> None:
        self._account, self._store, self._dispatcher = account, store, dispatcher
        self._rules, self._tempo = rules, tempo
        self._lock = threading.Lock()
        self._seats: dict[str, Seat] = {}

    def join(self, call: Row, terms: Terms, *, wake: Callable[[], None]) -> Seat | None:
        """A leg enters a room, which is made if there is none of that name; None when it is full.

        As with the real carrier, whoever comes first sets where the callbacks go and of what.
        """
        with self._lock:
            room = self._open(terms)
            there = self._there(room)
            if len(there) >= min(terms.most, MOST):
                return None
            person = {
                "conference_sid": room["sid"], "call_sid": call["sid"], "phone": call["phone"], "joined": time.time(),
                "starts": terms.starts, "ends": terms.ends, "muted": terms.muted, "beep": terms.beep,
            }  # fmt: skip
            seat = self._seats[call["sid"]] = Seat(wake)
            self._store.write(
                participants.insert().values(**person), *self._news(room, "participant-join", person=person)
            )
            others = [other["phone"] for other in there]
            beeps = terms.beep in {"true", "onEnter"} and bool(there)
            self._store.event(call["sid"], "joined", **{"room": terms.room, "with": others, "beep": beeps})
            if terms.callback_url and terms.callback_url != room["callback_url"]:
                what = "statusCallback: whoever came into the room first has set it"
                self._store.event(call["sid"], "ignored", what=what)
            self._start([*there, person], room, behaves_like=person)
            if not seat.started:
                self._store.event(call["sid"], "holding", music=terms.wait_url is None, url=terms.wait_url or "")
            return seat

    def _start(self, there: Sequence[Row], room: Row, *, behaves_like: Row) -> None:
        """Mix the sound if there are two, and one of them was to start the conference."""
        if room["started"] is None and len(there) > 1 and any(person["starts"] for person in there):
            room["started"] = time.time()
            self._store.write(
                conferences.update().where(conferences.c.sid == room["sid"]).values(started=room["started"]),
                *self._news(room, "conference-start", behaves_like=behaves_like),
            )
        if room["started"] is None or len(there) < 2:
            self._sit(there, started=room["started"] is not None)
            return
        for person in there:
            others = [other["phone"] for other in there if other is not person]
            self._store.event(person["call_sid"], "talking", **{"room": room["name"], "with": others})
        self._sit(there, started=True, bridged=True)

    def _sit(self, there: Sequence[Row], *, started: bool, bridged: bool = False) -> None:
        for person in there:
            seat = self._seats.get(person["call_sid"])
            if seat is not None:
                seat.started, seat.bridged = started, seat.bridged or bridged
                seat.wake()

    def leave(self, call_sid: str, *, reason: str) -> None:
        """A leg leaves its room; with it everyone, if the leg was to end the conference. Leaving twice is no error."""
        with self._lock:
            self._seats.pop(call_sid, None)
            here = (participants.c.call_sid == call_sid) & participants.c.left.is_(None)
            person = self._store.one(participants, here)
            if person is None:
                return
            room = self._store.one(conferences, conferences.c.sid == person["conference_sid"])
            assert room is not None
            self._go(room, person, reason=reason)
            others = self._there(room)
            if others and not person["ends"]:
                if room["started"] is not None and len(others) == 1:
                    self._store.event(others[0]["call_sid"], "alone", room=room["name"])
                return
            for other in others:
                self._go(room, other, reason=ENDED)
                seat = self._seats.pop(other["call_sid"], None)
                if seat is not None:
                    seat.over = True
                    seat.wake()
            self._end(room, person)

    def _go(self, room: Row, person: Row, *, reason: str) -> None:
        change = participants.update().where(participants.c.id == person["id"]).values(left=time.time())
        more = {
            "ParticipantCallStatus": "completed" if reason == HUNG_UP else "in-progress",
            "ReasonParticipantLeft": reason,
        }
        self._store.write(change, *self._news(room, "participant-leave", person=person, more=more))
        self._store.event(person["call_sid"], "left", room=room["name"], reason=reason)

    def _end(self, room: Row, last: Row) -> None:
        why = "participant-with-end-conference-on-exit-left" if last["ends"] else "last-participant-left"
        more = {"CallSidEndingConference": last["call_sid"], "ReasonConferenceEnded": why}
        self._store.write(
            conferences.update().where(conferences.c.sid == room["sid"]).values(ended=time.time(), reason=why),
            *self._news(room, "conference-end", more=more, behaves_like=last),
        )

    def recover(self) -> None:
        """Empty the rooms of a sandbox that died: a network would have hung everybody up."""
        for person in self._store.rows(sa.select(participants).where(participants.c.left.is_(None))):
            self.leave(person["call_sid"], reason=HUNG_UP)

    def shown(self) -> list[dict[str, Any]]:
        """The rooms that are open, the oldest first, with everyone who is in them."""
        rooms = self._store.rows(sa.select(conferences).where(conferences.c.ended.is_(None)).order_by(conferences.c.id))
        return [{**room, "people": self._there(room)} for room in rooms]

    # -- rows --------------------------------------------------------------------------------------------------------

    def _open(self, terms: Terms) -> Row:
        where = (conferences.c.name == terms.room) & conferences.c.ended.is_(None)
        room = self._store.one(conferences, where)
        if room is not None:
            return room
        row = {
            "sid": wire.new_sid("CF"), "name": terms.room, "created": time.time(), "started": None, "sequence": 0,
            "callback_url": terms.callback_url, "callback_method": terms.callback_method,
            "callback_events": list(terms.callback_events),
        }  # fmt: skip
        self._store.insert(conferences, **row)
        return row

    def _there(self, room: Row) -> list[Row]:
        where = (participants.c.conference_sid == room["sid"], participants.c.left.is_(None))
        return self._store.rows(sa.select(participants).where(*where).order_by(participants.c.id))

    def _news(
        self,
        room: Row,
        event: str,
        *,
        person: Row | None = None,
        more: Mapping[str, str] | None = None,
        behaves_like: Row | None = None,
    ) -> list[Any]:
        """What to write so that the application hears of a change, if it asked for such news."""
        if not room["callback_url"] or event.partition("-")[2] not in room["callback_events"]:
            return []
        number = room["sequence"] = room["sequence"] + 1
        params = wire.conference_params(room, self._account, event=event, person=person) | dict(more or {})
        behaviour = self._rules.of((person or behaves_like or {"phone": "*"})["phone"])
        # In swapped order the later news overtakes the earlier.
        overtaken = max(0, 6 - number) * OVERTAKING * self._tempo.speed if behaviour.swapped else 0.0
        return [
            conferences.update().where(conferences.c.sid == room["sid"]).values(sequence=number),
            *self._dispatcher.statements(
                room["callback_url"],
                room["callback_method"],
                params=params,
                behaviour=behaviour,
                delay=CALLBACK_DELAY + overtaken,
            ),
        ]
