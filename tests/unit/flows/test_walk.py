"""A walk through a flow: what is heard, who rings, what time does; and every walk that is kept happens again."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.loader import Flows, load
from flows.session import Caller, Waiting, Who
from flows.source import Document, parse
from flows.trying.actions import Action, Answer, HangUp, NobodyAnswers, NotNow, Press, Send, Silence, Speak, Talk, Wait
from flows.trying.callers import STRANGER, UnknownCaller, from_number, known_as
from flows.trying.testfile import checked
from flows.trying.testrun import run
from flows.trying.testwrite import Kept, NotSaved, appended, as_test
from flows.trying.texting import Texting
from flows.trying.walk import Walk
from flows.trying.words import action

TRYING = Path(__file__).parent / "trying"
MORNING = datetime(2026, 11, 24, 16, tzinfo=UTC)
NIGHT = datetime(2026, 11, 25, 4, tzinfo=UTC)


@pytest.fixture(scope="session")
def flows() -> Flows:
    """A desk with every kind of step."""
    return load(TRYING)


def no_texts(_flows: Flows, _caller: Caller) -> Texting:
    raise AssertionError("nobody texts in these walks")


def walk(flows: Flows, *actions: Action, at: datetime = MORNING, who: str = "stranger") -> Walk:
    made = Walk(flows, known_as(flows, who), at, no_texts)
    for one in actions:
        made.do(one)
    return made


def test_the_clock_goes_on_by_what_is_waited_for(flows: Flows) -> None:
    tried = walk(flows, Silence(), Press("1"), Silence())
    assert (tried.point.at - MORNING).seconds == 6 + 6
    tried.do(NobodyAnswers())
    assert (tried.point.at - MORNING).seconds == 6 + 25
    tried.do(Speak(20))
    assert (tried.point.at - MORNING).seconds == 6 + 25 + 20
    assert tried.point.pages == ("Sam", "Lee", "Robin")


def test_short_waits_come_to_the_same_as_a_long_one(flows: Flows) -> None:
    long = walk(flows, Press("1"), Wait(28))
    short = walk(flows, Press("1"), *[Wait(1)] * 28)
    assert long.point.at == short.point.at
    assert long.point.turn is not None
    assert short.point.turn is not None
    assert long.point.turn.session == short.point.turn.session
    assert (long.point.step, long.point.waiting, long.point.idle) == ("message", Waiting.RECORDING, 3)


def test_time_leads_a_silent_caller_to_the_end(flows: Flows) -> None:
    tried = walk(flows, Wait(600))
    assert (tried.point.step, tried.point.waiting) == ("message", Waiting.NOTHING)
    assert "I did not hear a key." in tried.point.words
    assert "You can also text this number" in tried.point.words
    assert tried.point.ticket is None
    assert tried.point.pages == ()


def test_the_way_names_steps_that_are_not_heard(flows: Flows) -> None:
    assert walk(flows).point.passed == ("who", "news", "when", "main")
    assert walk(flows, at=NIGHT).point.passed == ("who", "news", "when", "night")
    sunday = datetime(2026, 11, 29, 18, tzinfo=UTC)
    assert walk(flows, Press("1"), at=sunday).point.passed == ("nights", "service")


def test_undo_takes_one_thing_back_after_the_other(flows: Flows) -> None:
    tried = walk(flows, Press("1"), Answer("lee"))
    assert tried.point.owner == "Lee"
    assert tried.undo()
    assert (tried.point.owner, tried.point.waiting, tried.point.rings) == (
        None,
        Waiting.RINGING,
        ("Sam", "Lee", "Robin"),
    )
    tried.do(Answer(None))
    assert tried.point.owner == "Sam"
    assert tried.undo()
    assert tried.undo()
    assert not tried.undo()
    assert tried.point == walk(flows).point


@pytest.mark.parametrize(
    ("before", "wrong", "why", "hint"),
    [
        ((), Speak(5), "no message is taken here: 'main' waits for a key", "press a key, silence, hang up"),
        ((), Press("12"), "'main' takes one key at a time, not 2", "press a key, silence, hang up"),
        ((), NobodyAnswers(), "no phone rings: 'main' waits for a key", "press a key, silence, hang up"),
        ((), Talk(5), "nobody talks: 'main' waits for a key", "press a key, silence, hang up"),
        ((), Answer("Sam"), "no phone of the team rings: 'main' waits for a key", "press a key, silence, hang up"),
        ((Press("1"),), Answer("Sma"), "Sma's phone does not ring", "did you mean 'Sam'?"),
        ((Press("1"),), Answer("Zoe"), "Zoe's phone does not ring", "ringing: Sam, Lee, Robin"),
        ((Press("1"), Answer("Sam")), Silence(), "silence does nothing: Sam talks to the caller",
         "talk with seconds, hang up"),
        ((Press("1"), Answer("Sam")), Press("1"), "no key does anything here: Sam talks to the caller",
         "talk with seconds, hang up"),
        ((Press("2"), Press("9")), Press("5"), "key 5 does nothing while a message is taken",
         "speak with seconds, silence, press # or *, hang up"),
        ((HangUp(),), Press("5"), "the call is over, it ended at 'main'", "nothing more can happen in it"),
    ],
)  # fmt: skip
def test_what_cannot_happen_says_why_and_what_can(
    flows: Flows, before: tuple[Action, ...], wrong: Action, why: str, hint: str
) -> None:
    tried = walk(flows, *before)
    point = tried.point
    with pytest.raises(NotNow) as caught:
        tried.do(wrong)
    assert (str(caught.value), caught.value.hint) == (why, hint)
    assert tried.point == point


def test_texts_have_no_keys(flows: Flows) -> None:
    tried = Walk(flows, known_as(flows, "stranger"), MORNING, no_texts, calls=False)
    with pytest.raises(NotNow, match="there is no call"):
        tried.do(Press("1"))


def test_callers_by_name_number_and_standing(flows: Flows) -> None:
    assert known_as(flows, "hollis & wade  cpa").number == "+19035550160"
    assert known_as(flows, "vip") == flows.caller("+19035550170", texts=True)
    assert known_as(flows, "known").client == "Hollis & Wade CPA"
    assert known_as(flows, "blocked").number == "+19035550199"
    assert known_as(flows, "withheld") == from_number(flows, "withheld") == Caller(None, None)
    assert known_as(flows, "stranger") == from_number(flows, STRANGER)
    shipped = load(Path(__file__).parents[3] / "flows")
    assert known_as(shipped, "blocked").who is Who.BLOCKED  # nobody is listed, and tried all the same
    with pytest.raises(UnknownCaller) as caught:
        known_as(flows, "Holis and Wade")
    assert (str(caught.value), caught.value.hint) == (
        "nobody is known as 'Holis and Wade'",
        "did you mean 'Hollis & Wade CPA'?",
    )
    with pytest.raises(UnknownCaller, match=r"is not a phone number in E\.164 form"):
        from_number(flows, "903-555-0160")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("1", Press("1")), ("903 555#", Press("903555#")), ("press *", Press("*")), ("", Silence()), ("  ", Silence()),
        ("Silence", Silence()), ("speak", Speak(12)), ("speak 2 min", Speak(120)), ("hangup", HangUp()),
        ("hang  up", HangUp()), ("answer", Answer(None)), ("answer Sam", Answer("Sam")), ("nobody", NobodyAnswers()),
        ("time 30", Wait(30)), ("wait 13 hours", Wait(46800)), ("talk", Talk(60)), ("text  Our server  is down",
         Send("Our server  is down")), ("text", Send("")),
    ],
)  # fmt: skip
def test_what_is_typed(line: str, meant: Action) -> None:
    assert action(line) == meant


@pytest.mark.parametrize(
    ("line", "why", "hint"),
    [
        ("silense", "'silense' is nothing that can happen", "did you mean 'silence'?"),
        ("xyz", "'xyz' is nothing that can happen", "help lists what can be typed"),
        ("time", "'' is not a length of time", "seconds: 30, or 2 minutes, 13 hours, 1 day; 31 days at most"),
        ("speak up", "'up' is not a length of time", "seconds: 30, or 2 minutes, 13 hours, 1 day; 31 days at most"),
        ("text " + "x" * 1601, "a text has at most 1600 characters, not 1601", "send it in parts"),
    ],
)
def test_what_cannot_be_typed(line: str, why: str, hint: str) -> None:
    with pytest.raises(NotNow) as caught:
        action(line)
    assert (str(caught.value), caught.value.hint) == (why, hint)


# --- walks that are kept ----------------------------------------------------------------------------------------------

KEYS = st.text("0123456789*#", min_size=1, max_size=11)
ACTIONS = st.one_of(
    st.builds(Press, st.sampled_from("123456789*#") | KEYS),
    st.just(Silence()),
    st.just(HangUp()),
    st.just(NobodyAnswers()),
    st.builds(Speak, st.integers(0, 400)),
    st.builds(Wait, st.integers(0, 90)),
    st.builds(Talk, st.integers(0, 300)),
    st.builds(Answer, st.sampled_from(["Sam", "Lee", "Robin", None])),
)
WHO = ("stranger", "known", "vip", "blocked", "withheld", "Casa Verde")
#: Any minute of the ten weeks in which the clocks change and the holidays are.
TIMES = st.integers(0, 70 * 24 * 60).map(
    lambda minutes: datetime(2026, 10, 25, tzinfo=UTC) + timedelta(minutes=minutes)
)


def wandered(flows: Flows, *, at: datetime, who: str, wanted: list[Action]) -> Walk:
    """A walk in which whatever can happen of the wanted does."""
    made = Walk(flows, known_as(flows, who), at, no_texts)
    for one in wanted:
        with suppress(NotNow):
            made.do(one)
    return made


@settings(max_examples=300)
@given(at=TIMES, who=st.sampled_from(WHO), wanted=st.lists(ACTIONS, max_size=12), name=st.text(min_size=1, max_size=30))
def test_every_walk_that_is_kept_happens_again(
    flows: Flows, at: datetime, who: str, wanted: list[Action], name: str
) -> None:
    made = wandered(flows, at=at, who=who, wanted=wanted)
    try:
        text = appended(Document("kept.yml", "", None, {}), made, Kept(name, known_as=who))
    except NotSaved:
        assert not name.isprintable() or not name.strip()
        return
    tests, document, problems = checked(*parse("kept.yml", text))
    assert problems == ()
    assert tests is not None
    (result,) = run(tests, flows, document, open_texting=no_texts)
    assert result.problem is None, f"{result.problem}\n{text}"
    assert result.steps == frozenset().union(made.start.steps, *(point.steps for _, point in made.done))


def test_a_kept_walk_is_small_and_readable(flows: Flows) -> None:
    made = walk(flows, Press("1"), NobodyAnswers(), Answer(None), at=NIGHT, who="Hollis & Wade CPA")
    assert as_test(made, Kept("at night: nobody", known_as="Hollis & Wade CPA")) == (
        '  - name: "at night: nobody"\n'
        "    at: 2026-11-24 22:00\n"
        "    as: Hollis & Wade CPA\n"
        "    call:\n"
        "      - hears: After hours rates may apply, press 1 to go on.\n"
        "      - press: 1\n"
        "        hears: We are calling our team now. To leave a message\n"
        "        rings: [Lee, Robin]\n"
        "        ticket: After hours\n"
        "        priority: normal\n"
        "      - happens: nobody answers\n"
        "        hears: We are still trying. To leave a message now, press\n"
        '        rings: ["+19035550100"]\n'
        "      - happens: somebody answers\n"
        "        hears: Thank you for calling. Goodbye.\n"
        "        pages: [Lee, Robin]\n"
        "        ends: service\n"
    )


def test_the_second_of_two_equal_times_is_kept_as_such(flows: Flows) -> None:
    second = datetime(2026, 11, 1, 7, 30, tzinfo=UTC)
    assert "at: 2026-11-01 01:30-06:00\n" in as_test(walk(flows, at=second), Kept("x"))


def test_a_walk_goes_behind_the_tests_of_a_file_however_it_is_indented(flows: Flows) -> None:
    made = walk(flows, HangUp())
    for before in (
        "tests:\n- name: a\n  call: [silence]\n",
        "tests:\n    -   name: a\n        call: [silence]  # so\n\n",
    ):
        document, _ = parse("f.yml", before)
        tests, _, problems = checked(*parse("f.yml", appended(document, made, Kept("b"))))
        assert problems == ()
        assert tests is not None
        assert [case.name for case in tests.tests] == ["a", "b"]


@pytest.mark.parametrize(
    ("before", "name", "why"),
    [
        ("tests:\n- name: a\n  call: [silence]\n", "a", "f.yml has a test of this name; take another one"),
        ("tests:\n- nam: a\n", "b", "f.yml has mistakes, mend them first:"),
        ("tests: [{name: a, call: [silence]}]\n", "b", "the test does not fit behind what stands in f.yml"),
    ],
)
def test_a_walk_that_does_not_fit_is_not_kept(flows: Flows, before: str, name: str, why: str) -> None:
    with pytest.raises(NotSaved) as caught:
        appended(parse("f.yml", before)[0], walk(flows, HangUp()), Kept(name))
    assert str(caught.value).startswith(why)
