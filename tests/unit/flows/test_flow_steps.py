"""Each kind of step as a caller meets it: branches that nobody hears, what is asked and offered, and in which language."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flow_phone import SHIPPED, Phone
from ruamel.yaml import YAML

from flows.engine import Caller, Digits, Flow, Silence, Transferred, Waiting, Who, voicemail_only
from flows.instructions import CallBack, Gather, Hangup, Note, Play, Record, Say, SendText, Transfer, Typed
from flows.loader import load
from flows.reference import PAGE, page
from flows.schema import HelpdeskFlow

CLIENT = Caller("+19035550160", "Hollis & Wade CPA")
END: dict[str, Any] = {"message": {"voicemail": {}}}
OFFICE = {"office": {"open": ["mon-fri 08:00-17:00", "sat 22:00-02:00"], "holidays": {"country": "US"}}}


def flow(step: dict[str, Any], *, hours: dict[str, Any] | None = None, **more: Any) -> Flow:
    """A flow that begins with this step, and leads to the voicemail."""
    raw = voicemail_only().model_dump(include={"consent", "texts"})
    desk = {**voicemail_only().desk.model_dump(), "languages": {"es-US": "Polly.Lupe"}}
    steps = {
        "first": step,
        **END,
        **{name: {"say": f"At {name}.", "next": "message"} for name in ("day", "night")},
        **more,
    }
    calls = {"start": "first", "steps": steps}
    return HelpdeskFlow.model_validate({**raw, "desk": desk, "hours": hours or OFFICE, "calls": calls})


def call(made: Flow, caller: Caller = CLIENT, at: datetime | None = None) -> Phone:
    phone = Phone(made, caller)
    phone.now = at or phone.now
    return phone.call()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- branches -----------------------------------------------------------------------------------------------------------

DOOR = {"hours": "office", "open": "day", "closed": "night"}


@pytest.mark.parametrize(
    ("moment", "where"),
    [
        ("2026-11-23 14:00", "day"),  # Monday 8:00 in Chicago
        ("2026-11-23 13:59:59", "night"),
        ("2026-11-23 22:59:59", "day"),
        ("2026-11-23 23:00", "night"),
        ("2026-11-26 16:00", "night"),  # Thanksgiving
        ("2026-11-01 04:00", "day"),  # Saturday 23:00, summer time
        ("2026-11-01 06:30", "day"),  # 1:30 for the first time: what began on Saturday goes on past midnight
        ("2026-11-01 07:30", "day"),  # 1:30 for the second time
        ("2026-11-01 08:00", "night"),
        ("2027-03-14 07:59", "day"),  # the night in which 2:00 does not exist
        ("2027-03-14 08:00", "night"),
    ],
)
def test_the_way_depends_on_the_hour(moment: str, where: str) -> None:
    assert call(flow(DOOR), at=at(moment)).hears[0] == f"At {where}."


def test_a_holiday_has_a_way_of_its_own_and_an_exception_comes_before_it() -> None:
    shut = {"holiday": {"hangup": "We are closed."}}
    thanksgiving = at("2026-11-26 16:00")
    assert call(flow({**DOOR, "holiday": "holiday"}, **shut), at=thanksgiving).last == Hangup()
    exceptions = [{"from": "2026-11-26 00:00", "to": "2026-11-27 00:00", "open": "true"}]
    hours = {"office": {**OFFICE["office"], "exceptions": exceptions}}
    assert call(flow({**DOOR, "holiday": "holiday"}, hours=hours, **shut), at=thanksgiving).hears[0] == "At day."


@pytest.mark.parametrize(
    ("branch", "who", "where"),
    [
        ({"vip": "day"}, Who.VIP, "day"),
        ({"vip": "day"}, Who.KNOWN, "night"),
        ({"known": "day"}, Who.VIP, "day"),
        ({"known": "day"}, Who.UNKNOWN, "night"),
        ({"blocked": "day", "known": "night"}, Who.BLOCKED, "day"),
        ({}, Who.BLOCKED, "night"),
    ],
)
def test_the_way_depends_on_who_calls(branch: dict[str, str], who: Who, where: str) -> None:
    made = flow({"client": branch, "otherwise": "night"})
    assert call(made, replace(CLIENT, who=who)).hears[0] == f"At {where}."


def test_an_announcement_is_said_in_its_time_only() -> None:
    made = flow(
        {"announce": {"say": "The power is out.", "from": "2026-11-24 08:00", "to": "2026-11-24 12:00"}, "next": "day"}
    )
    assert call(made, at=at("2026-11-24 14:00")).hears[:2] == ["The power is out.", "At day."]
    assert call(made, at=at("2026-11-24 13:59")).hears[0] == "At day."
    assert call(made, at=at("2026-11-24 18:00")).hears[0] == "At day."


# --- what is asked ------------------------------------------------------------------------------------------------------

ASK = {"about": "callback number", "kind": "number", "say": "Your number, then pound.", "tries": 2}


def asked(**changes: Any) -> Phone:
    return call(flow({"ask": {**ASK, **changes}, "next": "message"}))


def test_a_typed_number_is_read_back_and_taken_when_nothing_is_said_against_it() -> None:
    phone = asked()
    assert phone.last == Gather(
        (Say("Your number, then pound.", "en-US", None),), digits=20, timeout=6, finish_on_key="#"
    )
    assert phone.press("9035550199").hears == ["You typed 9 0 3, 5 5 5, 0 1 9 9. If that is wrong, press 2."]
    assert [one for one in phone.instructions if isinstance(one, Typed)] == []
    phone.is_silent()
    assert Typed("callback number", "number", "+19035550199") in phone.instructions
    assert phone.session.number == "+19035550199"
    assert isinstance(phone.last, Record)


def test_a_number_that_was_wrong_is_typed_anew() -> None:
    phone = asked().press("9035550199").press("2")
    assert phone.hears == ["I did not get that.", "Your number, then pound."]
    phone.press("19035550188").press("1")
    assert Typed("callback number", "number", "+19035550188") in phone.instructions


@pytest.mark.parametrize("keys", ["", "555", "911", "123456789012345678901", "*#*#", "1035550199"])
def test_what_cannot_be_a_number_is_asked_again_and_then_passed_over(keys: str) -> None:
    phone = asked().does(Digits(keys) if keys else Silence())
    assert phone.hears == ["I did not get that.", "Your number, then pound."]
    phone.does(Digits(keys) if keys else Silence())
    assert phone.instructions[0] == Note("The caller was asked for the callback number and typed none")
    assert isinstance(phone.last, Record)


def test_a_number_abroad_is_typed_as_one_dials_it() -> None:
    assert asked().press("011442079460000").is_silent().session.number == "+442079460000"


def test_names_and_other_digits_are_taken_as_they_are() -> None:
    assert asked(kind="name", about="office").press("4655").instructions[0] == Typed("office", "name", "4655")
    assert asked(kind="digits", about="asset tag").press("007").instructions[0] == Typed("asset tag", "digits", "007")
    assert asked(kind="name").press("0").hears[0] == "I did not get that."


# --- what is offered ----------------------------------------------------------------------------------------------------


def test_who_wants_a_call_back_is_thanked_and_the_call_ends() -> None:
    phone = call(flow({"callback": {}, "otherwise": "message"}))
    assert phone.hears == ["To be called back at 9 0 3, 5 5 5, 0 1 6 0 instead, press 1. Or stay on the line."]
    phone.press("1")
    assert phone.instructions[0] == CallBack("+19035550160", "Call back")
    assert (phone.hears, phone.last) == (["Thank you. We will call you back. Goodbye."], Hangup())


def test_who_does_not_want_a_call_back_goes_on_and_who_has_no_number_is_not_asked() -> None:
    made = flow({"callback": {}, "otherwise": "day"})
    assert call(made).press("5").hears[0] == "At day."
    assert call(made).is_silent().hears[0] == "At day."
    assert call(made, Caller(None, None)).hears[0] == "At day."


def test_a_typed_number_is_the_one_that_is_called_back() -> None:
    phone = call(flow({"ask": ASK, "next": "back"}, back={"callback": {}, "otherwise": "message"}), Caller(None, None))
    phone.press("9035550199").is_silent()
    assert phone.hears[0].startswith("To be called back at 9 0 3, 5 5 5, 0 1 9 9")
    assert phone.press("1").instructions[0] == CallBack("+19035550199", "Call back")


def test_a_text_is_offered_to_who_can_get_one_and_sent_for_key_1_only() -> None:
    made = flow(
        {"message": {"say": "Press 1 for our address.", "text": "{desk}: 1 Main St. Reply STOP."}, "next": "day"}
    )
    assert call(made).hears[0] == "At day."
    can = replace(CLIENT, texts=True)
    assert call(made, can).is_silent().hears[0] == "At day."
    taken = call(made, can).press("1")
    assert taken.instructions[0] == SendText("Business IT Service Corps, LLC: 1 Main St. Reply STOP.")
    assert taken.hears[:2] == ["Thank you. We have sent you a text.", "At day."]


def test_a_transfer_ends_with_the_talk_and_goes_on_without_one() -> None:
    made = flow({"transfer": {"to": "+19035550190", "seconds": 20}, "otherwise": "day"})
    phone = call(made)
    assert (phone.last, phone.session.waiting) == (Transfer("+19035550190", 20), Waiting.TRANSFERRED)
    assert phone.does(Transferred(answered=True)).hears == ["Thank you for calling. Goodbye."]
    assert phone.session.ended
    assert call(made).does(Transferred(answered=False)).hears[0] == "At day."
    assert call(made).is_silent().hears[0] == "At day."


# --- languages ----------------------------------------------------------------------------------------------------------

BOTH = {"say": {"en": "Good day, {client}.", "es": "Buenos días, {client}."}, "next": "message"}


def test_a_known_client_hears_their_language_in_the_voice_that_speaks_it() -> None:
    made = flow(BOTH)
    spanish = call(made, Caller("+19035550147", None, language="es"))
    assert spanish.instructions[0] == Say("Buenos días, su oficina.", "es-US", "Polly.Lupe")
    assert spanish.hears[1].startswith("Después del tono")
    for other in (None, "fr", "en"):
        assert call(made, replace(CLIENT, language=other)).hears[0] == "Good day, Hollis & Wade CPA."


def test_a_key_changes_the_language_and_the_notice_is_said_once_more(shipped: Flow) -> None:
    phone = Phone(shipped).call().press("8")
    assert "Para una emergencia, oprima el 1" in phone.hears[0]
    assert "usted acepta recibir mensajes" in phone.hears[-1]
    assert [one.language for one in phone.last.prompts] == ["es-US"] * 3  # type: ignore[union-attr]
    assert phone.press("7").hears[0] == "Esa tecla no está en el menú."
    assert "usted acepta" not in " ".join(phone.hears)
    assert phone.press("1").hears[0].startswith("Después del tono")


def test_a_sound_file_stands_for_words_in_one_language() -> None:
    made = flow({"say": {"en": {"play": "hello.wav"}, "es": "Hola."}, "next": "message"})
    assert call(made).instructions[0] == Play("hello.wav")
    assert call(made, replace(CLIENT, language="es")).hears[0] == "Hola."


# --- the shipped flow ---------------------------------------------------------------------------------------------------


def test_other_help_after_hours_asks_about_the_rates_and_the_ticket_says_so(shipped: Flow) -> None:
    night = at("2026-11-24 03:00")
    phone = call(shipped, at=night).press("2")
    assert phone.hears[0].startswith("Our office is closed. After hours rates may apply.")
    assert phone.press("1").instructions[0] == Note("The caller pressed 1: Accepts after hours rates")
    assert isinstance(call(shipped, at=night).press("2").is_silent().last, Record)
    assert isinstance(call(shipped, at=night).press("1").last, Record)  # an emergency is asked about nothing


def test_the_page_of_the_language_is_current_and_its_examples_are_right(folder: Callable[..., Any]) -> None:
    words = (SHIPPED / PAGE).read_text(encoding="utf-8")
    assert words == page(), "run python -m flows.reference"
    lines = words.partition("```yaml\n")[2].partition("```")[0]
    shipped = YAML(typ="safe").load(SHIPPED / "helpdesk.yml")
    base = (SHIPPED / "helpdesk.yml").read_text(encoding="utf-8")
    steps = YAML(typ="safe").load(lines)
    assert len(steps) == 12
    names = sorted(set(shipped["calls"]["steps"]) - set(steps))
    extra = "".join(f"    {line}\n" for line in lines.splitlines())
    before, after = base.partition("calls:\n")[0], base.partition("# Two segments at most")[2]
    more = "".join(f"    {name}: {{say: Words., next: message}}\n" for name in {*names, "after_hours", "closed_today"})
    made = load(folder(helpdesk=f"{before}calls:\n  start: welcome\n  steps:\n{extra}{more}#{after}"))
    assert len(made.helpdesk.calls.steps) == len(steps) + len({*names, "after_hours", "closed_today"})
