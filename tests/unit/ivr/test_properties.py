"""Whatever callers, carriers and machines do, in any order: when all is well again for half an hour, all is done."""

from collections import Counter
from itertools import chain, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.carrier.base import CallInfo
from tests.any_story import Acts, ends_well, examples
from tests.world import CLIENT, DESK, LEE, ROBIN, SAM, STRANGER, World
from tickets import consent
from tickets.audit import findings
from tickets.audit_reading import snapshot
from tickets.models import ConsentEvent, Message, Ticket, Work
from tickets.outbox import Handed, OutcomeUnknown, Refusal, TextRefused

CALLERS = {"CA1": CLIENT, "CA2": STRANGER}
RECORDINGS = {"RE1": "CA1", "RE2": "CA1", "RE3": "CA2"}
TEAM = {"Sam": SAM, "Lee": LEE, "Robin": ROBIN}
PAGES = ("page", "words", "missed", "update")
#: How far a text is that the carrier has. Before that it may wait again: an attempt that certainly failed is repeated.
RANK = {"sending": 0, "sent": 1, "delivered": 2, "failed": 2, "withheld": 2}
OVER = ("delivered", "failed", "withheld")

WORDS = (
    "please stop texting me", "stop by at 3 pm", "STOP but keep the ticket open", "alto", "HELP", "thanks", "Out of office",
    "OUTAGE Hollis internet down", "OVER 1001 back up", "OVER", "SPLIT 1002", "SPLIT 1001", "JOIN 1001 1002", "JOIN 1002 1001",
    "1001 we are on it", "REPLY 1001 call us", "NOTEXTS 1001 asked on the phone", "ACK 1001 on my way", "1001", "",
)  # fmt: skip

callers, recordings = (st.sampled_from(sorted(one)) for one in (CALLERS, RECORDINGS))
truth = st.booleans()
acts = st.one_of(
    st.tuples(st.just("calls"), callers),
    st.tuples(st.just("presses"), callers, st.sampled_from(["1", "2", "3", "9", ""])),
    st.tuples(st.just("repeats_the_step"), callers),
    st.tuples(st.just("stops_speaking"), recordings, st.sampled_from(["", "0", "5"])),
    st.tuples(st.just("recording_is"), recordings, st.sampled_from(["in-progress", "completed", "absent", "failed"])),
    st.tuples(st.just("hangs_up"), callers),
    st.tuples(st.just("call_is"), callers, st.sampled_from(["ringing", "in-progress", "no-answer", "completed"])),
    st.tuples(
        st.just("texts"),
        st.sampled_from([CLIENT, STRANGER, SAM]),
        st.sampled_from(["Server is down", "Stop.", "STOP", "START", "ACK", "DONE 1001", *WORDS]),
    ),
    st.tuples(
        st.just("text_is"),
        st.integers(1, 4),
        st.sampled_from(["queued", "sent", "delivered", "undelivered"]),
        st.sampled_from(["", "30006", "21610"]),
    ),
    st.tuples(st.just("carrier_says_opted_out"), st.sampled_from([CLIENT, STRANGER, SAM])),
    st.tuples(st.just("outcomes_are_unknown"), truth, truth),
    st.tuples(st.just("time_passes"), st.sampled_from([1, 5, 30, 90, 700])),
    st.tuples(st.just("workers_run")),
    st.tuples(st.just("transcriber_is_away"), truth),
    st.tuples(st.just("broker_is_away"), truth),
    st.tuples(st.just("broker_forgets")),
    st.tuples(st.just("carrier_is_away"), truth),
)


openings = st.sampled_from(
    [
        [],
        [("calls", "CA1")],
        [("texts", CLIENT, "Server is down")],
        [("texts", STRANGER, "Stop.")],
        [("calls", "CA1"), ("presses", "CA1", "1")],
        [("calls", "CA1"), ("presses", "CA1", "1"), ("recording_is", "RE1", "completed"), ("hangs_up", "CA1")],
    ]
)
stories = st.tuples(openings, st.lists(acts), st.lists(acts, max_size=8)).map(lambda parts: list(chain(*parts)))


class Story:
    """A desk to which things happen. The methods are the acts; `happens` does one and looks at what came of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.turns = dict.fromkeys(CALLERS, 0)
        self._hand_over = world.carrier.send_text
        world.carrier.send_text = self.goes_out  # type: ignore[method-assign]

    def goes_out(self, *, to: str, body: str) -> Handed:
        """Every text, at the moment the carrier gets it: never to a number whose last consent event is an opt-out, but for
        the one confirmation of an opt-out that the person worded."""
        with self.world.desk.database.reading() as session:
            standing = consent.of(session, to, DESK)
        assert standing.may_text or (standing.source == "text" and "opted out" in body) or "ya no recibe" in body, (
            to,
            body,
        )
        return self._hand_over(to=to, body=body)

    # --- acts ---------------------------------------------------------------------------------------------------

    def calls(self, sid: str) -> None:
        self.world.call(sid, CALLERS[sid])

    def presses(self, sid: str, keys: str) -> None:
        self.turns[sid] += 1
        self.world.press(keys, self.turns[sid], sid, CALLERS[sid])

    def repeats_the_step(self, sid: str) -> None:
        if self.turns[sid]:
            self.world.press("1", self.turns[sid], sid, CALLERS[sid])

    def stops_speaking(self, recording: str, seconds: str) -> None:
        sid = RECORDINGS[recording]
        self.turns[sid] += 1
        form = {"From": CALLERS[sid], "To": DESK, "RecordingUrl": f"https://x/{recording}"}
        self._event(f"/twilio/voice/{self.turns[sid]}", CallSid=sid, RecordingDuration=seconds, **form)

    def recording_is(self, recording: str, status: str) -> None:
        self.world.recorded(recording, RECORDINGS[recording], status=status)

    def hangs_up(self, sid: str) -> None:
        self.world.hang_up(sid, CALLERS[sid])

    def call_is(self, sid: str, status: str) -> None:
        self._event("/twilio/voice/status", CallSid=sid, From=CALLERS[sid], To=DESK, CallStatus=status)

    def texts(self, sender: str, body: str) -> None:
        self.world.text(sender, body)

    def text_is(self, number: int, status: str, code: str) -> None:
        more = {"ErrorCode": code} if code and status == "undelivered" else {}
        self.world.delivered(f"SM{number:04}", status, **more)

    def carrier_says_opted_out(self, number: str) -> None:
        refused = TextRefused(Refusal.OPTED_OUT, "21610", "unsubscribed recipient")
        self.world.carrier.refuse.setdefault(number, []).append(refused)

    def outcomes_are_unknown(self, created: bool, answered: bool) -> None:
        self.world.carrier.created_although_unknown = created
        self.world.carrier.refuse = {number: [OutcomeUnknown("lost", answered=answered)] for number in TEAM.values()}

    def time_passes(self, seconds: int) -> None:
        self.world.pass_time(seconds, step=max(1, seconds / 10))

    def workers_run(self) -> None:
        self.world.work()

    def transcriber_is_away(self, away: bool) -> None:
        self.world.transcriber_runs = not away

    def broker_is_away(self, away: bool) -> None:
        self.world.queue.down = away

    def broker_forgets(self) -> None:
        self.world.queue.jobs.clear()

    def carrier_is_away(self, away: bool) -> None:
        self.world.carrier.down = away

    def all_is_well_again(self) -> None:
        """Every call is over, whether it said so or not, and half an hour passes."""
        self.world.queue.down = self.world.carrier.down = False
        self.world.transcriber_runs = True
        self.world.carrier.calls = {sid: CallInfo(sid, "completed", CALLERS[sid], DESK) for sid in CALLERS}
        self.world.pass_time(1800, step=30)

    def _event(self, path: str, **form: str) -> None:
        assert self.world.post(path, **form).status_code == 200

    # --- what holds after each act ------------------------------------------------------------------------------

    def happens(self, act: str, *what: object) -> None:
        messages = {row.id: row for row in self._texts()}
        owned = {row.id for row in self.world.rows(Ticket) if row.state != "open"}
        opted_out, sent = self._opted_out(), len(self.world.carrier.sent)
        getattr(self, act)(*what)
        after = {row.id: row for row in self._texts()}
        for id_, message in messages.items():
            before, now = message.state, after[id_].state
            if before in OVER:
                assert now == before, after[id_].key
            if message.sid:
                assert after[id_].sid == message.sid
                assert RANK[now] >= RANK[before], after[id_].key
        new = {text.sid for text in self.world.carrier.sent[sent:]}
        # Who took a call and was lost has no ticket any more: then pages are wanted again.
        owned &= {row.id for row in self.world.rows(Ticket) if row.state != "open"}
        for message in after.values():
            if message.sid in new:
                assert self._may_go_out(message, opted_out.get(message.to_number, [])), message.key
                assert message.ticket_id not in owned or message.purpose not in PAGES, message.key

    def _texts(self) -> list[Message]:
        return [row for row in self.world.rows(Message) if row.direction == "out"]

    def _opted_out(self) -> dict[str, list[str]]:
        """Who has opted out, with the sources of all opt-outs since the last opt-in."""
        sources: dict[str, list[str]] = {}
        for row in self.world.rows(ConsentEvent):
            if row.kind == "opt-in":
                sources.pop(row.number, None)
            else:
                sources.setdefault(row.number, []).append(row.source)
        return sources

    def _may_go_out(self, message: Message, opt_outs: list[str]) -> bool:
        """The one confirmation only to who opted out and was not answered by the carrier; the others only to who did not."""
        return set(opt_outs) == {"text"} if message.purpose == "confirm" else not opt_outs

    # --- what holds in the end ----------------------------------------------------------------------------------

    def is_over(self) -> None:
        waiting = [
            (row.kind, row.ref) for row in self.world.rows(Work) if row.state == "waiting" and not self._later(row)
        ]
        assert waiting == []
        texts = self._texts()
        # Each text that the carrier has is the one of its row: nothing was sent twice for the same row.
        assert sorted(row.sid for row in texts if row.sid) == sorted(text.sid for text in self.world.carrier.sent)
        ever_out = {row.number for row in self.world.rows(ConsentEvent) if row.kind != "opt-in"}
        for ticket in self.world.tickets():
            if ticket["incident"] and ticket["incident"]["leader"] != ticket["number"]:
                self._follows(ticket)
                continue
            again = sum(
                event["kind"] == "reopened" or event["text"].startswith("On its own again")
                for event in ticket["events"]
            )
            self._paged(ticket["number"], ticket["state"], max(1, len(ticket["recordings"])) + again, ever_out)
        self._watched()
        for number in ever_out:
            confirmed = [row for row in texts if row.purpose == "confirm" and row.to_number == number and row.sid]
            assert len(confirmed) <= self._opt_outs_to_confirm(number)

    def _watched(self) -> None:
        """The watcher finds nothing wrong with a desk at rest, but for tickets whose every page failed: nobody knows of them,
        and for work that was given up, which its ticket says."""
        unreached = {
            row.id
            for row in self.world.rows(Ticket)
            if {page.state for page in self._texts() if page.ticket_id == row.id and page.purpose in PAGES}
            <= {"failed", "withheld"}
        }
        with self.world.desk.database.reading() as session:
            found = findings(snapshot(session, self.world.now()), self.world.now())
        assert [one for one in found if one.kind.value != "work-dead" and one.ref not in unreached] == []
        assert {one.kind.value for one in found} <= {"unreached", "work-dead"}

    def _follows(self, ticket: dict[str, Any]) -> None:
        """A ticket of an incident is never open when the one that leads is not: nobody would be told of it."""
        (leader,) = [one for one in self.world.tickets() if one["number"] == ticket["incident"]["leader"]]
        assert leader["incident"]["leader"] == leader["number"]
        assert ticket["number"] in leader["incident"]["members"]
        assert ticket["state"] != "open" or leader["state"] == "open", ticket["number"]

    def _later(self, row: Work) -> bool:
        return row.kind == "check-delivery" and row.due_at > self.world.now()

    def _paged(self, ticket: int, state: str, occasions: int, ever_out: set[str]) -> None:
        prefixes = {purpose: f"{purpose}:{ticket}:" for purpose in PAGES}
        rows = [row for row in self._texts() if row.key.startswith(tuple(prefixes.values()))]
        times = Counter((row.person, row.purpose) for row in rows)
        for person, number in TEAM.items():
            reached = [row for row in rows if row.person == person and row.sid]
            assert state != "open" or reached or number in ever_out, f"{person} was not paged about {ticket}"
            assert times[person, "missed"] <= 1
            assert times[person, "page"] <= occasions

    def _opt_outs_to_confirm(self, number: str) -> int:
        events = [(row.kind, row.source) for row in self.world.rows(ConsentEvent) if row.number == number]
        return sum(
            kind == "opt-out" and source == "text" and before != "opt-out"
            for (before, _), (kind, source) in pairwise([("", ""), *events])
        )


@examples(60)
@given(stories)
def test_any_story_ends_well(database_template: str, tmp_path_factory: pytest.TempPathFactory, story: Acts) -> None:
    ends_well(Story, story, database_template, tmp_path_factory)
