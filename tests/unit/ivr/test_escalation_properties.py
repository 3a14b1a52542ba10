"""Whatever colleagues, phones and carriers do about pages, in any order: nothing follows an acknowledgement, nothing comes
twice, and no ticket is left without an owner or an end that people see."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import owned_pages
from tests.any_story import Acts, ends_well, examples
from tests.fake_phones import OVER, leap
from tests.world import CLIENT, LEE, ROBIN, SAM, STRANGER, World
from tickets.models import Escalation, Leg, Message, Ticket, Work
from tickets.outbox import Handed, NotSent, OutcomeUnknown, Refusal, TextRefused

TEAM = (SAM, LEE, ROBIN)
CLIENTS = (STRANGER, CLIENT)
person = st.sampled_from(TEAM)
truth = st.booleans()
acts = st.one_of(
    st.tuples(st.just("client_texts"), st.sampled_from(CLIENTS)),
    st.tuples(st.just("acks"), person, st.sampled_from(["ACK 1001", "ACK 1002", "ACK", "DONE 1001", "1001 on it"])),
    st.tuples(st.just("texts_arrive"), st.sampled_from(["delivered", "sent", "undelivered"])),
    st.tuples(st.just("texts_fail"), person, st.sampled_from(["21614", "21610", "lost", "down"])),
    st.tuples(st.just("calls_fail"), person, st.sampled_from(["21217", "lost", "nowhere", "down", "killed"])),
    st.tuples(
        st.just("phone_is"), person, st.sampled_from(["ringing", "no-answer", "busy", "failed", "completed"]), truth
    ),
    st.tuples(st.just("picks_up"), person),
    st.tuples(st.just("presses"), person, st.sampled_from(["4", "6", "0", "5", "9", ""])),
    st.tuples(st.just("time_passes"), st.sampled_from([1, 30, 61, 180, 301, 700, 3700])),
    st.tuples(st.just("broker_is_away"), truth),
)
openings = st.sampled_from([
    [("client_texts", STRANGER), ("texts_arrive", "delivered"), ("time_passes", 301)],
    [("client_texts", STRANGER), ("acks", SAM, "ACK 1001"), ("time_passes", 3700)],
    [("client_texts", STRANGER), ("client_texts", CLIENT), ("time_passes", 61), ("time_passes", 301)],
    [("texts_fail", SAM, "21614"), ("client_texts", STRANGER)],
    [("texts_fail", LEE, "down"), ("client_texts", STRANGER), ("acks", SAM, "ACK 1001"), ("time_passes", 30)],
    [("client_texts", STRANGER), ("calls_fail", LEE, "down"), ("time_passes", 301), ("acks", SAM, "ACK 1001")],
])  # fmt: skip
stories = st.tuples(openings, st.lists(acts, max_size=14)).map(lambda parts: [*parts[0], *parts[1]])


class Story:
    """A team whose phones do things. `happens` does one act and looks at what came of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.follows: list[str] = []  # what followed an acknowledgement
        self._send, self._place = world.carrier.send_text, world.carrier.place_call
        world.carrier.send_text = self._sends  # type: ignore[method-assign]
        world.carrier.place_call = self._places  # type: ignore[method-assign]

    def _sends(self, *, to: str, body: str) -> Handed:
        text, states = owned_pages.of_text(self.world.desk.database, to, body)
        self.follows += [text.key] if states - {"open"} else []
        return self._send(to=to, body=body)

    def _places(self, *, status_url: str, **call: Any) -> Handed:
        leg, state = owned_pages.of_call(self.world.desk.database, status_url)
        self.follows += [leg.key] if state not in ("open", None) else []
        return self._place(status_url=status_url, **call)

    def client_texts(self, client: str) -> None:
        self.world.text(client, "Server is down")
        self._work()

    def acks(self, number: str, body: str) -> None:
        self.world.text(number, body)
        self._work()

    def texts_arrive(self, status: str) -> None:
        for row in self.world.rows(Message):
            if row.sid and row.direction == "out" and row.state in ("sending", "sent"):
                self.world.delivered(row.sid, status)
        self._work()

    def texts_fail(self, number: str, how: str) -> None:
        errors = {"lost": OutcomeUnknown("lost"), "down": NotSent("down")}
        kind = Refusal.OPTED_OUT if how == "21610" else Refusal.PERMANENT
        self.world.carrier.refuse[number] = [errors.get(how, TextRefused(kind, how, "no"))]

    def calls_fail(self, number: str, how: str) -> None:
        errors = {
            "lost": OutcomeUnknown("lost"), "nowhere": OutcomeUnknown("lost"), "down": NotSent("down"), "killed": SystemExit(),
        }  # fmt: skip
        self.world.carrier.created_although_unknown = how != "nowhere"
        self.world.carrier.refuse_calls[number] = [errors.get(how, TextRefused(Refusal.PERMANENT, how, "no"))]

    def phone_is(self, number: str, status: str, reported: bool) -> None:
        if self.world.phones.rings(number):
            self.world.phones.leg_is(number, status, reported=reported)

    def picks_up(self, number: str) -> None:
        if self.world.phones.rings(number):
            self.world.phones.picks_up(number)

    def presses(self, number: str, keys: str) -> None:
        if self.world.phones.rings(number) and self.world.phones.last(number).sid in self.world.phones.turns:
            self.world.phones.presses(number, keys)

    def time_passes(self, seconds: int) -> None:
        try:
            for _ in leap(self.world, seconds):
                pass
        except SystemExit:  # a worker has died; its lease runs out
            self.world.queue.jobs.clear()

    def broker_is_away(self, away: bool) -> None:
        self.world.queue.down = away

    def _work(self) -> None:
        try:
            self.world.work()
        except SystemExit:
            self.world.queue.jobs.clear()

    def all_is_well_again(self) -> None:
        """Phones ring out, texts arrive, and three hours pass."""
        self.world.queue.down = False
        self.world.carrier.refuse, self.world.carrier.refuse_calls = {}, {}
        for _ in leap(self.world, 3 * 3600):
            for number in TEAM:
                if self.world.phones.rings(number):
                    self.world.phones.leg_is(number, "no-answer")
            for row in self.world.rows(Message):
                if row.sid and row.direction == "out" and row.state in ("sending", "sent"):
                    self.world.delivered(row.sid)

    # --- what holds -------------------------------------------------------------------------------------------------

    def happens(self, act: str, *what: object) -> None:
        pages = {row.key: row.state for row in self._pages()}
        final = ("delivered", "failed", "withheld")
        getattr(self, act)(*what)
        assert self.follows == []
        taken = {row.id for row in self.world.rows(Ticket) if row.state != "open"}
        for leg in self.world.rows(Leg):
            assert leg.ticket_id not in taken or leg.state not in ("pending", "calling", "ringing"), leg.key
        for row in self._pages():
            if pages.get(row.key) in final:
                assert row.state == pages[row.key], row.key

    def _pages(self) -> list[Message]:
        return [row for row in self.world.rows(Message) if row.purpose in ("page", "missed")]

    def is_over(self) -> None:
        waiting = [row for row in self.world.rows(Work) if row.state == "waiting" and row.kind != "ask-owner"]
        assert [(row.kind, row.ref) for row in waiting if row.kind != "check-delivery"] == []
        for ticket in self.world.tickets():
            problems = [event["text"] for event in ticket["events"] if event["kind"] == "problem"]
            seen = any("Nobody has acknowledged after" in text for text in problems)
            assert ticket["state"] != "open" or seen, ticket["number"]
        assert not [row for row in self.world.rows(Escalation) if row.state == "running"]
        # One call and one text for each page that was written, and no page of one step twice.
        calls = Counter(leg.sid for leg in self.world.rows(Leg) if leg.sid)
        assert set(calls.values()) <= {1}
        assert len(calls) <= len(self.world.carrier.placed)
        assert Counter(one.sid for one in self.world.carrier.placed) == Counter(set(calls) | self._strays(calls))
        for row in self._pages():
            assert row.state in ("delivered", "failed", "withheld"), row.key
        assert not [number for number in TEAM if self.world.phones.rings(number)]

    def _strays(self, known: Counter[str]) -> set[str]:
        """Calls that a worker made as it died and that the look-up then found for another page; every one is over."""
        strays = {one.sid for one in self.world.carrier.placed} - set(known)
        assert all(self.world.carrier.calls[sid].status in OVER for sid in strays)
        return strays


@examples(25)
@given(stories)
def test_any_escalation_ends_well(
    database_template: str, tmp_path_factory: pytest.TempPathFactory, story: Acts
) -> None:
    ends_well(Story, story, database_template, tmp_path_factory, escalates=True)
