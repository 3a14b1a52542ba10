"""Calls in both directions: dialled, answered, played, ended; and ended by the network after a crash."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
import sqlalchemy as sa

from ivr.sandbox import wire
from ivr.sandbox.behaviour import Answers, Behaviour, Behaviours
from ivr.sandbox.bridge import OTHER_SIDE, Bridge, Wanted
from ivr.sandbox.config import SandboxConfig, Tempo
from ivr.sandbox.delivery import Sender
from ivr.sandbox.dispatcher import COPY, OVERTAKING, Dispatcher
from ivr.sandbox.line import HungUp, Line, Redirected, Stopped
from ivr.sandbox.messaging import Refused
from ivr.sandbox.numbers import Numbers, is_phone_number
from ivr.sandbox.owner import Owner, Pickup
from ivr.sandbox.player import Player
from ivr.sandbox.recorder import Archive, Recorder
from ivr.sandbox.rooms import HUNG_UP, Rooms
from ivr.sandbox.stage import End, Request, Stage
from ivr.sandbox.store import Row, Store, calls, events, recordings

RUNNING = ("queued", "initiated", "ringing", "in-progress")
# What the carrier reports of a call to a number that does not exist, unless told otherwise.
INVALID_NUMBER = 13224
# Seconds of the carrier's time from a call's change to its status callback.
CALLBACK_DELAY = 0.2


@dataclass(frozen=True)
class Outgoing:
    """A call that the application wants placed."""

    to: str
    sender: str
    url: str = ""
    method: str = "POST"
    twiml: str = ""
    fallback_url: str = ""
    fallback_method: str = "POST"
    status_url: str = ""
    status_method: str = "POST"
    status_events: tuple[str, ...] = field(default=("completed",))
    ring_seconds: float = 60.0


@dataclass(frozen=True)
class Network:
    """What calls need of the rest of the carrier."""

    config: SandboxConfig
    store: Store
    dispatcher: Dispatcher
    numbers: Numbers
    rules: Behaviours
    sender: Sender
    archive: Archive
    rooms: Rooms
    tempo: Tempo


class Calls:
    """Every call of the account; a running one has a Line and a thread."""

    def __init__(self, network: Network) -> None:
        self._net = network
        self._lines: dict[str, Line] = {}
        self._bridges: dict[str, Bridge] = {}
        self._threads: list[threading.Thread] = []

    def line(self, sid: str) -> Line | None:
        """The line of a running call."""
        return self._lines.get(sid)

    def get(self, sid: str) -> Row:
        """The call with this id. Raises KeyError."""
        row = self._net.store.one(calls, calls.c.sid == sid)
        if row is None:
            raise KeyError(sid)
        return row

    def dial_desk(self, phone: str, *, shown: str, pace: str, forwarded_from: str | None) -> str:
        """`phone` calls the desk; `shown` is the caller id the desk sees. Returns the call's id."""
        number = self._net.numbers.get()
        sid = self._create(
            direction="inbound",
            from_number=shown,
            to_number=self._net.config.number,
            phone=phone,
            status="ringing",
            forwarded_from=forwarded_from,
            pace=pace,
            url=number["voice_url"],
            method=number["voice_method"],
            fallback_url=number["voice_fallback_url"],
            fallback_method=number["voice_fallback_method"],
            status_url=number["status_callback"],
            status_method=number["status_callback_method"],
            status_events=["completed"],
        )
        self._net.store.event(sid, "ringing", to=self._net.config.number)
        self._run(sid, Line(waits_for_caller=pace == "caller"))
        return sid

    def place(self, call: Outgoing) -> Row:
        """The application calls a phone. Raises Refused as the REST API does."""
        if not call.to:
            raise Refused(21201)
        if not call.sender:
            raise Refused(21213)
        if not is_phone_number(call.to):
            raise Refused(21217, to=call.to)
        if not is_phone_number(call.sender):
            raise Refused(21212, **{"from": call.sender})
        if call.sender != self._net.config.number:
            raise Refused(21210)
        if not call.url and not call.twiml:
            raise Refused(21218)
        refusal = self._net.rules.refusal(call.to)
        if refusal is not None:
            raise Refused(refusal, to=call.to)
        sid = self._create(
            direction="outbound-api",
            from_number=call.sender,
            to_number=call.to,
            phone=call.to,
            status="queued",
            pace="real",
            url=call.url,
            method=call.method,
            twiml=call.twiml,
            fallback_url=call.fallback_url,
            fallback_method=call.fallback_method,
            status_url=call.status_url,
            status_method=call.status_method,
            status_events=list(call.status_events),
            ring_seconds=call.ring_seconds,
        )
        row = self.get(sid)
        self._run(sid, Line(waits_for_caller=False, placed=True))
        return row

    def dial(self, wanted: Wanted) -> Bridge:
        """A Dial calls a phone: a leg of its own, which has nothing to play but the talk."""
        sid = self._create(
            direction="outbound-dial",
            from_number=wanted.shown,
            to_number=wanted.number,
            phone=wanted.number,
            parent_sid=wanted.parent,
            status="queued",
            pace="real",
            status_url=wanted.status_url,
            status_method=wanted.status_method,
            status_events=list(wanted.status_events),
            ring_seconds=wanted.ring_seconds,
        )
        line, caller = Line(waits_for_caller=False, placed=True), self._lines[wanted.parent]
        self._bridges[sid] = bridge = Bridge(sid, line, wake=caller.wake)
        self._run(sid, line)
        return bridge

    def _create(self, **values: Any) -> str:
        sid = wire.new_sid("CA")
        now = time.time()
        # A caller has dialled already; what the application wants placed is still queued.
        dialed = now if values["direction"] == "inbound" else None
        self._net.store.insert(calls, sid=sid, created=now, dialed=dialed, last_seen=now, **values)
        return sid

    def change(self, sid: str, form: Mapping[str, str]) -> Row:
        """The REST API's update: Status=completed|canceled, or new instructions by Url or Twiml. Raises KeyError.

        Refused, as by the real carrier, when the call is over; canceled does nothing to a call that was picked up, and
        only such a call takes new instructions.
        """
        row, line = self.get(sid), self._lines.get(sid)
        talking, status = row["status"] == "in-progress", form.get("Status", "")
        if status in {"completed", "canceled"}:
            if line is None or row["status"] not in RUNNING:
                raise Refused(21220)
            if (status == "completed" or not talking) and not line.order(HungUp("application")):
                raise Refused(21220)
        elif form.get("Url") or form.get("Twiml"):
            order = Redirected(form.get("Url", ""), form.get("Method", "POST"), twiml=form.get("Twiml", ""))
            if line is None or not talking or not line.order(order):
                raise Refused(21220)
        return self.get(sid)

    def _phones_ring(self) -> bool:
        """Whether the application is calling somebody: the phone rings, or its owner is on it."""
        return any(line.placed and line.doing != "over" for line in list(self._lines.values()))

    # -- one call's thread -------------------------------------------------------------------------------------------

    def _run(self, sid: str, line: Line) -> None:
        self._lines[sid] = line
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=self._live, args=(sid, line), name=f"call-{sid}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _live(self, sid: str, line: Line) -> None:
        row = self.get(sid)
        behaviour = self._net.rules.of(row["phone"])
        try:
            end = self._played(row, line, behaviour=behaviour)
        except HungUp as hung_up:
            end = self._cut_off(sid, hung_up.by)
        except Stopped:
            return
        except Exception as error:
            # A fault of the sandbox must not leave a caller on the line for ever.
            traceback.print_exc(file=sys.stderr)
            self._net.store.event(sid, "error", code=20500, text=f"The sandbox failed: {error!r}", url="")
            end = End(by="network")
        finally:
            line.end()
        self._finish(sid, end.by, status=end.status)
        bridge = self._bridges.pop(sid, None)
        if bridge is not None:
            bridge.end()

    def _played(self, row: Row, line: Line, *, behaviour: Behaviour) -> End:
        if row["direction"] != "inbound":
            refused = self._ring(row, line, behaviour=behaviour)
            if refused is not None:
                return refused
        first = Request(row["url"] or "", row["method"] or "POST", twiml=row["twiml"] or "")
        bridge = self._bridges.get(row["sid"])
        if bridge is not None:
            self._net.store.event(row["sid"], "talking", **{"with": [row["from_number"]]})
            first = bridge.talk()
        with requests.Session() as session:
            stage = Stage(
                self._net.config.account_sid,
                self._net.config.number,
                self._net.store,
                self._net.sender,
                line,
                Recorder(self._net.archive, row["sid"], behaviour=behaviour),
                self._net.rooms,
                self._net.tempo,
                row=lambda: self.get(row["sid"]),
                answer=lambda: self._answer(row["sid"]),
                phones_ring=self._phones_ring,
                dial=self.dial,
                session=session,
                copies=lambda request, params: self._copies(request, params, behaviour=behaviour),
            )
            return Player(stage).run(first)

    def _copies(self, request: Request, params: Mapping[str, str], *, behaviour: Behaviour) -> None:
        """Send the same webhook again at the same moment, as often as the number's behaviour says."""
        twice = self._net.dispatcher.statements(
            request.url, request.method, params=params, behaviour=behaviour, kind=COPY
        )
        self._net.store.write(*twice[1:])

    def _ring(self, row: Row, line: Line, *, behaviour: Behaviour) -> End | None:
        """Let a phone ring; None when it was picked up."""
        sid = row["sid"]
        self._net.store.update(calls, calls.c.sid == sid, dialed=time.time())
        self._progress(sid, "initiated", event="initiated", behaviour=behaviour)
        if behaviour.answers in {Answers.UNREACHABLE, Answers.INVALID}:
            return End(by="network", status="failed")
        self._progress(sid, "ringing", event="ringing", behaviour=behaviour)
        self._net.store.event(sid, "ringing", to=row["to_number"])
        owner = Owner(behaviour, line, self._net.tempo)
        picked_up = owner.ring(row["ring_seconds"])
        if picked_up is Pickup.BUSY:
            return End(by="callee", status="busy")
        if picked_up is Pickup.NOBODY:
            return End(by="network", status="no-answer")
        self._answer(sid)
        self._progress(sid, "in-progress", event="answered", behaviour=behaviour)
        owner.begin(by_hand=picked_up is Pickup.BY_HAND)
        return None

    def _progress(self, sid: str, status: str, *, event: str, behaviour: Behaviour) -> None:
        shown = "queued" if status == "initiated" else status
        self._net.store.update(calls, calls.c.sid == sid, status=shown, last_seen=time.time())
        self._tell(sid, status, event=event, behaviour=behaviour)

    def _tell(self, sid: str, status: str, *, event: str, behaviour: Behaviour) -> None:
        row = self.get(sid)
        if not row["status_url"] or event not in (row["status_events"] or []):
            return
        code = behaviour.call_error or (INVALID_NUMBER if behaviour.answers is Answers.INVALID else None)
        params = wire.call_status_params(
            row,
            self._net.config.account_sid,
            status=status,
            sequence=row["sequence"],
            error_code=code if status == "failed" else None,
        )
        self._net.store.update(calls, calls.c.sid == sid, sequence=row["sequence"] + 1)
        # In swapped order the later news overtakes the earlier.
        overtaken = max(0, 3 - row["sequence"]) * OVERTAKING * self._net.tempo.speed if behaviour.swapped else 0.0
        delay = CALLBACK_DELAY + overtaken
        self._net.dispatcher.queue(
            row["status_url"], row["status_method"], params=params, behaviour=behaviour, delay=delay
        )

    def _answer(self, sid: str) -> None:
        row = self.get(sid)
        if row["started"] is None:
            now = time.time()
            self._net.store.update(calls, calls.c.sid == sid, status="in-progress", started=now, last_seen=now)
            self._net.store.event(sid, "answered")

    def _cut_off(self, sid: str, by: str) -> End:
        row = self.get(sid)
        if row["started"] is not None:
            return End(by=by)
        if row["direction"] == "inbound":
            return End(by=by, status="no-answer")
        return End(by=by, status="canceled" if by in {"application", OTHER_SIDE} else "busy")

    def _finish(self, sid: str, by: str, *, status: str, at: float | None = None) -> None:
        now = at or time.time()
        # Nobody sits in a room whose call is over, whatever went wrong there.
        self._net.rooms.leave(sid, reason=HUNG_UP)
        self._net.store.update(calls, calls.c.sid == sid, status=status, ended=now, last_seen=now)
        row = self.get(sid)
        self._tell(sid, status, event="completed", behaviour=self._net.rules.of(row["phone"]))
        self._net.store.event(sid, "ended", by=by, status=status, seconds=wire.call_seconds(row))
        self._lines.pop(sid, None)

    # -- start and stop of the sandbox -------------------------------------------------------------------------------

    def recover(self) -> int:
        """End the calls that were running when the sandbox died, as a network would; returns how many."""
        cut = self._net.store.rows(sa.select(calls).where(calls.c.status.in_(RUNNING)))
        latest = sa.select(events.c.call_sid, sa.func.max(events.c.at).label("at")).group_by(events.c.call_sid)
        last = {row["call_sid"]: row["at"] for row in self._net.store.rows(latest)}
        self._net.rooms.recover()
        for row in cut:
            sid = row["sid"]
            behaviour = self._net.rules.of(row["phone"])
            running = (recordings.c.call_sid == sid) & (recordings.c.status == "in-progress")
            for recording in self._net.store.rows(sa.select(recordings).where(running)):
                self._net.archive.finish(recording["sid"], behaviour)
            end = self._cut_off(sid, "network")
            status = "failed" if end.status == "busy" else end.status
            self._finish(sid, end.by, status=status, at=last.get(sid) or row["last_seen"])
        return len(cut)

    def stop(self) -> None:
        """Let every call's thread go; the calls stay running in the database until the next start."""
        for line in list(self._lines.values()):
            line.order(Stopped())
        for thread in self._threads:
            thread.join(timeout=2)
