"""Whatever callers, phones of the team, carrier and machines do, in any order: nobody is lost between two phones."""

from datetime import timedelta
from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_properties import CALLERS, Story

from ivr.carrier.base import CallInfo
from tests.any_story import Acts, ends_well, examples
from tests.ringing_story import PHONES
from tests.world import DESK, PUBLIC
from tickets.models import Call, Leg, Message, Ring
from tickets.outbox import NotSent, OutcomeUnknown, Refusal, TextRefused

people, truth, callers = st.sampled_from(sorted(PHONES)), st.booleans(), st.sampled_from(sorted(CALLERS))
STATUSES = ["initiated", "ringing", "in-progress", "completed", "busy", "no-answer", "failed", "canceled"]
EVENTS = ["conference-start", "participant-join", "participant-leave", "conference-end"]
acts = st.one_of(
    st.tuples(st.just("calls"), callers),
    st.tuples(st.just("presses"), callers, st.sampled_from(["", "", "1", "5"])),
    st.tuples(st.just("repeats_the_step"), callers),
    st.tuples(st.just("is_moved")),
    st.tuples(st.just("hangs_up"), callers),
    st.tuples(st.just("recording_is"), st.just("RE1"), st.sampled_from(["completed", "absent"])),
    st.tuples(st.just("phone_is"), callers, people, st.sampled_from(STATUSES)),
    st.tuples(st.just("line_ends_unreported"), callers, people),
    st.tuples(st.just("leg_asks"), callers, people, st.integers(0, 4), st.sampled_from(["", "1", "1", "7"])),
    st.tuples(st.just("takes"), callers, people),
    st.tuples(
        st.just("room"), st.integers(1, 2), st.sampled_from(EVENTS), st.sampled_from(["caller", *sorted(PHONES)])
    ),
    st.tuples(st.just("next_call_to"), people, st.sampled_from(["refused", "not sent", "unknown"]), truth),
    st.tuples(st.just("texts"), st.sampled_from(sorted(PHONES.values())), st.sampled_from(["ACK", "DONE 1001"])),
    st.tuples(st.just("time_passes"), st.sampled_from([1, 5, 11, 30, 100])),
    st.tuples(st.just("workers_run")),
    st.tuples(st.just("broker_is_away"), truth),
    st.tuples(st.just("broker_forgets")),
    st.tuples(st.just("carrier_is_away"), truth),
)
RINGS = [("calls", "CA1"), ("presses", "CA1", "1"), ("workers_run",)]
openings = st.sampled_from(
    [[], RINGS, [*RINGS, ("takes", "CA1", "Lee")], [*RINGS, ("takes", "CA1", "Lee"), ("is_moved",)]]
)
stories = st.tuples(openings, st.lists(acts), st.lists(acts, max_size=8)).map(lambda parts: list(chain(*parts)))


class RingStory(Story):
    """A desk that rings, to which things happen."""

    def is_moved(self) -> None:
        """The carrier carries out the last redirect."""
        if not self.world.carrier.redirected:
            return
        sid, url = self.world.carrier.redirected.pop()
        path, (_, turn) = url.removeprefix(PUBLIC), url.rsplit("/", 1)
        if sid in self.turns:
            self.turns[sid] = max(self.turns[sid], int(turn))
        self._event(path, CallSid=sid, From=CALLERS.get(sid, DESK), To=DESK, Digits="", CallStatus="in-progress")

    def phone_is(self, caller: str, person: str, status: str) -> None:
        if (leg := self._leg(caller, person)) is not None and leg.sid is not None:
            self.world.carrier.calls[leg.sid] = CallInfo(leg.sid, status, DESK, leg.number)
            self._event(f"/twilio/leg/{leg.id}/status", CallSid=leg.sid, From=DESK, To=leg.number, CallStatus=status)

    def line_ends_unreported(self, caller: str, person: str) -> None:
        if (leg := self._leg(caller, person)) is not None and leg.sid is not None:
            self.world.carrier.calls[leg.sid] = CallInfo(leg.sid, "completed", DESK, leg.number)

    def leg_asks(self, caller: str, person: str, turn: int, keys: str) -> None:
        if (leg := self._leg(caller, person)) is not None and leg.sid is not None:
            form = {"From": DESK, "To": leg.number, "Digits": keys, "CallStatus": "in-progress"}
            self._event(f"/twilio/leg/{leg.id}/{turn}", CallSid=leg.sid, **form)

    def takes(self, caller: str, person: str) -> None:
        self.phone_is(caller, person, "in-progress")
        self.leg_asks(caller, person, 0, "")
        self.leg_asks(caller, person, 1, "1")
        self.world.work()

    def room(self, ring: int, event: str, who: str) -> None:
        rows = {row.id: row for row in self.world.rows(Ring)}
        if ring in rows:
            call = next(row for row in self.world.rows(Call) if row.id == rows[ring].call_id)
            sid = call.sid if who == "caller" else getattr(self._leg(call.sid, who), "sid", None) or ""
            self._event(f"/twilio/room/{ring}", StatusCallbackEvent=event, CallSid=sid)

    def next_call_to(self, person: str, outcome: str, created: bool) -> None:
        self.world.carrier.created_although_unknown = created
        error = {
            "refused": TextRefused(Refusal.PERMANENT, "21217", "not a number"),
            "not sent": NotSent("away"),
            "unknown": OutcomeUnknown("lost", answered=False),
        }[outcome]
        self.world.carrier.refuse_calls = {PHONES[person]: [error]}

    def _leg(self, caller: str, person: str) -> Leg | None:
        calls = {row.id: row.sid for row in self.world.rows(Call)}
        rings = [row.id for row in self.world.rows(Ring) if calls[row.call_id] == caller]
        return next((row for row in self.world.rows(Leg) if row.ring_id in rings[-1:] and row.person == person), None)

    def all_is_well_again(self) -> None:
        """Every call is over, whether it said so or not, and half an hour passes."""
        self.world.queue.down = self.world.carrier.down = False
        self.world.carrier.calls = {sid: CallInfo(sid, "completed", CALLERS[sid], DESK) for sid in CALLERS} | {
            one.sid: CallInfo(one.sid, "completed", DESK, one.to) for one in self.world.carrier.placed
        }
        self.world.pass_time(1800, step=30)

    def happens(self, act: str, *what: object) -> None:
        before = {row.id: row for row in self.world.rows(Ring)}
        super().happens(act, *what)
        for ring in self.world.rows(Ring):
            if ring.id in before and before[ring.id].bridged_at is not None:
                assert (ring.state, ring.taken_by) == ("taken", before[ring.id].taken_by)
            if ring.id in before and before[ring.id].state == "over":
                assert (ring.state, ring.taken_by) == ("over", None)

    def is_over(self) -> None:
        super().is_over()
        carrier, legs = self.world.carrier, self.world.rows(Leg)
        # Each call that the carrier has is the one of its leg, but for one whose leg was given up before it was looked up.
        known = [leg.sid for leg in legs if leg.sid]
        assert set(known) <= {one.sid for one in carrier.placed}
        assert len(carrier.placed) <= len(legs)
        for leg in legs:
            ring = next(row for row in self.world.rows(Ring) if row.id == leg.ring_id)
            late = [one for one in carrier.placed if one.sid == leg.sid and one.at > ring.until + timedelta(seconds=1)]
            assert late == []
            assert leg.state not in ("pending", "calling", "ringing"), leg.state
        for call in self.world.rows(Call):
            rings = [row for row in self.world.rows(Ring) if row.call_id == call.id]
            assert all(ring.state != "ringing" for ring in rings)
            talked = any(ring.bridged_at is not None for ring in rings)
            assert (call.outcome == "answered") == talked
            if talked:
                assert call.answered_by is not None
                assert call.ended_at is not None
                missed = [row for row in self.world.rows(Message) if row.purpose == "missed"]
                assert [row.ticket_id for row in missed if row.ticket_id == call.ticket_id] == []


@examples(60)
@given(stories)
@example([*RINGS, ("takes", "CA1", "Lee"), ("is_moved",), ("calls", "CA1"), ("recording_is", "RE1", "completed"),
          ("time_passes", 5), ("line_ends_unreported", "CA1", "Lee"), ("time_passes", 5)])  # fmt: skip
def test_any_story_of_a_ring_ends_well(
    database_template: str, tmp_path_factory: pytest.TempPathFactory, story: Acts
) -> None:
    ends_well(RingStory, story, database_template, tmp_path_factory, rings=True)
