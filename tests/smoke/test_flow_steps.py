"""Every kind of step on real parts: `helpline up` with a flow of its own, and callers who walk through it."""

import io
import json
import subprocess
import wave
from collections.abc import Iterator
from typing import Any

import pytest

from ivr.sandbox.client import CallEvent
from tests.smoke.desk import HELPLINE, LEE, SAM, SAMPLES, Desk, running, until
from tests.step_flows import BLOCKED, OFFICE, VIP, step_flows

pytestmark = [pytest.mark.smoke, pytest.mark.xdist_group("steps")]
ADDRESS = "Business IT Service Corps, LLC: 110 N College Ave, Tyler. Reply STOP to opt-out."
SECONDS = 2.5


def sound() -> bytes:
    """A WAV file as an admin's computer records it, not as telephones carry it."""
    with io.BytesIO() as made:
        with wave.open(made, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(22_050)
            file.writeframes(bytes(2 * int(22_050 * SECONDS)))
        return made.getvalue()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with running(folder, FLOWS_DIR=str(step_flows(folder, sound=sound()))) as started:
        yield started


def call(desk: Desk, number: str, keys: str = "") -> str:
    """A caller who presses these keys, each when it is asked for; returns the call's id."""
    made = desk.phones.call(number, pace="caller")
    for key in keys:
        desk.phones.press(made, key, wait=30)
    return made


def events(desk: Desk, made: str) -> list[CallEvent]:
    return desk.phones.events(made, wait=0)[0]


def hears(desk: Desk, made: str, words: str) -> None:
    until(
        lambda: any(words in said for said in desk.phones.transcript(made)),
        within=30,
        what=f"{words!r} in {desk.phones.transcript(made)}",
    )


def menus(desk: Desk, made: str) -> list[str]:
    return [said for said in desk.phones.transcript(made) if said.startswith("For an emergency, press 1.")]


def over(desk: Desk, made: str) -> None:
    until(lambda: desk.phones.status(made)["doing"] == "over", within=60, what="the end of the call")


def ticket_of(desk: Desk, made: str) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        of_call = [one for one in desk.tickets() if made in [each["sid"] for each in one["calls"]]]
        return of_call[0] if of_call and of_call[0]["calls"][0]["ended_at"] is not None else None

    return until(found, within=30, what="the ticket of the call")


def page(desk: Desk, number: int) -> str:
    """What Sam is told of a ticket."""
    return until(
        lambda: next((text for text in desk.texts(SAM) if text.startswith(f"URGENT {number}")), None),
        within=60,
        what=f"a page about {number}",
    )


def test_the_greeting_is_a_sound_file_of_its_real_length(desk: Desk) -> None:
    made = call(desk, "+19035550210")
    hears(desk, made, "Business I.T. Service Corps help desk. Messages are recorded.")
    [played] = [event.data for event in events(desk, made) if event.kind == "played"]
    assert played == {"url": f"{desk.url}/sounds/hello.wav", "seconds": SECONDS}
    assert "We are closed." not in desk.phones.transcript(made)
    desk.phones.hang_up(made)


def test_who_calls_decides_the_way(desk: Desk) -> None:
    blocked, vip = call(desk, BLOCKED), call(desk, VIP)
    over(desk, blocked)
    assert desk.phones.transcript(blocked) == ["This number is not answered. Goodbye."]
    hears(desk, vip, "Gracias por estar con nosotros.")
    desk.phones.hang_up(vip)


def test_spanish_by_key(desk: Desk) -> None:
    made = call(desk, "+19035550211", "2")
    hears(desk, made, "Para una emergencia, oprima el 1.")
    desk.phones.press(made, "1", wait=30)
    hears(desk, made, "Después del tono, diga su nombre")
    said = [(event.data["language"], event.data["voice"]) for event in events(desk, made) if event.kind == "said"]
    assert (said[0], said[-1]) == (("en-US", "Polly.Joanna"), ("es-US", "Polly.Lupe"))
    desk.phones.hang_up(made)


def test_a_transfer_that_is_answered(desk: Desk) -> None:
    desk.phones.behave(OFFICE, answers="at-once", hangs_up_after=3)
    made = call(desk, "+19035550212", "6")
    over(desk, made)
    assert desk.phones.transcript(made)[-2:] == ["We are connecting you.", "Thank you for calling. Goodbye."]
    assert [event.data["with"] for event in events(desk, made) if event.kind == "talking"] == [[OFFICE]]
    [leg] = [one for one in desk.phones.placed() if one["parent"] == made]
    assert (leg["from"], leg["to"], leg["status"]) == ("+19035550212", OFFICE, "completed")
    ticket = ticket_of(desk, made)
    assert (ticket["state"], ticket["calls"][0]["outcome"]) == ("open", "transferred")
    assert page(desk, ticket["number"]) == (
        f"URGENT {ticket['number']} call, 903-555-0212: chose Other office, was connected to another number. "
        f"Reply ACK {ticket['number']} to take it."
    )


@pytest.mark.parametrize(("number", "answers"), [("+19035550213", "busy"), ("+19035550214", "never")])
def test_a_transfer_that_nobody_answers_is_a_voicemail(desk: Desk, number: str, answers: str) -> None:
    desk.phones.behave(OFFICE, answers=answers)
    made = call(desk, number, "6")
    desk.phones.speak(made, (SAMPLES / "printer.wav").read_bytes(), wait=60)
    desk.phones.hang_up(made)
    ticket = ticket_of(desk, made)
    assert (ticket["subject"], len(ticket["recordings"])) == ("Other office", 1)
    assert until(lambda: ticket_of(desk, made)["calls"][0]["outcome"] == "voicemail", within=30, what="a voicemail")
    assert "Other office" in page(desk, ticket["number"])


def test_a_caller_who_hangs_up_while_the_other_office_rings(desk: Desk) -> None:
    desk.phones.behave(OFFICE, answers="never")
    made = call(desk, "+19035550215", "6")
    until(lambda: desk.phones.ringing(OFFICE), within=30, what="it rings there")
    desk.phones.hang_up(made)
    ticket = ticket_of(desk, made)
    assert ticket["calls"][0]["outcome"] == "abandoned"
    assert "missed call, 903-555-0215: chose Other office, left no message." in page(desk, ticket["number"])
    [leg] = [one for one in desk.phones.placed() if one["parent"] == made]
    assert leg["status"] == "canceled"


def test_a_call_back_is_a_ticket_and_a_page_that_says_so(desk: Desk) -> None:
    made = call(desk, "+19035550216", "31")
    over(desk, made)
    assert desk.phones.transcript(made)[-1] == "Thank you. We will call you back. Goodbye."
    ticket = ticket_of(desk, made)
    told = page(desk, ticket["number"])
    assert "missed call, 903-555-0216: chose Call back, wants to be called back." in told
    desk.phones.text(LEE, f"ack {ticket['number']}")
    until(lambda: any("Call 903-555-0216." in text for text in desk.texts(LEE)), within=30, what="whom to call")


def test_a_number_is_typed_and_read_back(desk: Desk) -> None:
    made = call(desk, "+19035550217", "4")
    desk.phones.press(made, "9035550277#", wait=30)
    hears(desk, made, "You typed 9 0 3, 5 5 5, 0 2 7 7. If that is wrong, press 2.")
    desk.phones.press(made, "2", wait=30)
    desk.phones.press(made, "9035550278#", wait=30)
    hears(desk, made, "You typed 9 0 3, 5 5 5, 0 2 7 8.")
    desk.phones.stay_silent(made)
    hears(desk, made, "To be called back at 9 0 3, 5 5 5, 0 2 7 8 instead, press 1.")
    desk.phones.press(made, "1", wait=30)
    over(desk, made)
    assert "903-555-0278 (from 903-555-0217)" in page(desk, ticket_of(desk, made)["number"])


def test_a_text_that_the_caller_asks_for(desk: Desk) -> None:
    number = "+19035550218"
    made = call(desk, number, "51")
    until(lambda: desk.texts(number), within=30, what="the text")
    desk.phones.hang_up(made)
    assert desk.texts(number) == [ADDRESS]
    told = subprocess.run(
        [str(HELPLINE), "consent", number, "--json"],
        cwd=desk.folder,
        env=desk.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    [event] = json.loads(told.stdout)["events"]
    assert (event["kind"], event["source"], event["evidence"]) == ("opt-in", "key in a call", made)
    assert event["words"] == f"Pressed 1 for a text: {ADDRESS}"


def test_who_has_opted_out_is_offered_no_text(desk: Desk) -> None:
    number = "+19035550219"
    desk.phones.text(number, "Stop all texts please")
    until(lambda: any("opted out" in text for text in desk.texts(number)), within=30, what="the confirmation")
    made = call(desk, number, "5")
    until(lambda: len(menus(desk, made)) == 2, within=30, what="the menu once more")
    assert "To get our address as a text, press 1." not in desk.phones.transcript(made)
    desk.phones.hang_up(made)
