"""Whatever an admin writes and a caller does, the carrier gets TwiML that it takes: well formed, small, words as written."""

import math
from datetime import UTC, datetime
from xml.etree import ElementTree

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.engine import Caller, Digits, Event, Known, Recorded, Silence, Taken, Transferred, advance, begin
from flows.fields import LONGEST_PROMPT
from flows.instructions import Gather, Instruction, Say
from flows.schema import HelpdeskFlow
from flows.session import Who
from ivr.twiml import Addresses, render
from tests.any_flow import flows

NOON = datetime(2026, 11, 24, 18, tzinfo=UTC)
ADDRESSES = Addresses(
    "https://desk.example.org/twilio/voice/1", "https://desk.example.org/twilio/recording", "", "/sounds"
)
#: The carrier's limits: bytes of a document, characters of one Say (docs/carrier.md).
MOST_BYTES, MOST_SPOKEN = 64 * 1024, 4096
#: What the voice of a flow file may say: any script, markup, emoji, braces of no placeholder.
speech = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn"), exclude_characters="{}"), max_size=60
).filter(str.strip)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Digits, st.sampled_from(["1", "2", "5", "*", "9035550199", "4655"])), st.just(Silence()), st.just(Silence()),
    st.builds(Taken, st.just("ring-1")), st.builds(Transferred, st.booleans()), st.just(Recorded(None, "")),
)  # fmt: skip
callers = st.builds(
    Caller, st.sampled_from([None, "+19035550160"]), speech, st.sampled_from(Who), st.just("es"), st.booleans()
)


def said(instructions: tuple[Instruction, ...]) -> list[str]:
    """The words of a turn, in their order."""
    words: list[str] = []
    for one in instructions:
        words += [
            prompt.text for prompt in (one.prompts if isinstance(one, Gather) else (one,)) if isinstance(prompt, Say)
        ]
    return words


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(flows(speech), callers, st.none() | st.builds(Known, speech, st.booleans()), st.lists(events, max_size=12))
def test_any_turn_is_twiml_that_the_carrier_takes(
    flow: HelpdeskFlow, caller: Caller, known: Known | None, story: list[Event]
) -> None:
    turn = begin(flow, caller=caller, now=NOON, known=known)
    for event in [*story, Silence()]:
        document = render(turn.instructions, ADDRESSES)
        assert len(document.encode()) <= MOST_BYTES
        root = ElementTree.fromstring(document)
        assert root.tag == "Response"
        assert [verb.text for verb in root.iter("Say")] == said(turn.instructions)
        assert all(len(verb.text or "") <= MOST_SPOKEN for verb in root.iter("Say"))
        turn = advance(flow, turn.session, event, caller=caller, now=NOON)


def test_the_longest_prompts_of_every_turn_stay_under_the_carriers_limit() -> None:
    """The lint allows 12,000 characters in a language; the worst of them takes seven bytes, "&quot;" being six."""
    longest = math.ceil(12_000 / LONGEST_PROMPT)
    assert len(render((Say('"' * LONGEST_PROMPT, "en-US", None),) * longest, ADDRESSES).encode()) > 0
    assert len(render((Say("&" * LONGEST_PROMPT, "en-US", None),) * longest, ADDRESSES).encode()) <= MOST_BYTES
