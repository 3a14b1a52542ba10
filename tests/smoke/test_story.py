"""The whole story on real parts: carrier over HTTP with signatures, embedded broker, SQLite, real Whisper weights."""

import subprocess

import pytest
import requests

from tests.smoke.desk import HELPLINE, LEE, ROBIN, SAM, TEAM, Desk, until

pytestmark = [pytest.mark.smoke, pytest.mark.weights, pytest.mark.xdist_group("story")]
CLIENT = "+19035550160"


def test_a_call_becomes_a_ticket_with_an_owner(desk: Desk) -> None:
    call = desk.call_and_speak("outage.wav", CLIENT)
    page = until(lambda: desk.texts(SAM), within=90, what="a page for Sam")[0]
    number = int(page.split()[1])
    assert page.startswith(f"URGENT {number} Hollis & Wade CPA 903-555-0160: [Emergency or outage] ")
    assert page.endswith(f"Reply ACK {number} to take it.")
    until(lambda: all(desk.texts(phone) for phone in TEAM), within=20, what="a page for everyone")
    ticket = until(
        lambda: (t := desk.ticket(number))["recordings"][0]["transcript"]["state"] == "done" and t,
        within=60,
        what="the transcript",
    )
    assert [one["sid"] for one in ticket["calls"]] == [call]
    assert ticket["recordings"][0]["transcript"]["language"] == "en"
    sound = desk.get(ticket["recordings"][0]["url"])
    assert sound.headers["content-type"] == "audio/wav"
    assert sound.content[:4] == b"RIFF"
    assert requests.get(desk.url + ticket["recordings"][0]["url"], timeout=10).status_code == 401
    desk.phones.text(LEE, "ack")
    until(lambda: any("is yours" in text for text in desk.texts(LEE)), within=20, what="the answer to Lee")
    for phone in (SAM, ROBIN):
        until(
            lambda phone=phone: f"{number} is taken by Lee. Nothing to do for you." in desk.texts(phone),  # type: ignore[misc]
            within=20,
            what="the others are told",
        )
    claimed = desk.ticket(number)
    assert (claimed["state"], claimed["claimed_by"]) == ("claimed", "Lee")
    states = until(
        lambda: (s := {page["state"] for page in desk.ticket(number)["pages"]}) == {"delivered"} and s,
        within=20,
        what="delivery reports of all pages",
    )
    assert states == {"delivered"}


def test_the_demo_plays_the_story_by_itself(desk: Desk) -> None:
    told = subprocess.run(
        [str(HELPLINE), "phone", "--demo"],
        cwd=desk.folder,
        env=desk.env,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "ACK" in told.stdout


def test_a_hang_up_after_the_choice_is_a_missed_call(desk: Desk) -> None:
    call = desk.phones.call("+19035550147", pace="caller")
    desk.phones.press(call, "2")
    desk.phones.hang_up(call)
    until(
        lambda: any("missed call, 903-555-0147: chose Other help" in text for text in desk.texts(ROBIN)),
        within=45,
        what="the page about the missed call",
    )


def test_an_unsigned_webhook_is_counted_and_refused(desk: Desk) -> None:
    assert requests.post(f"{desk.url}/twilio/voice", data={"CallSid": "CA1"}, timeout=10).status_code == 403
    assert 'helpline_webhooks_rejected_total{reason="unsigned"}' in requests.get(f"{desk.url}/metrics", timeout=10).text


def test_the_doctor_finds_nothing_wrong(desk: Desk) -> None:
    told = subprocess.run(
        [str(HELPLINE), "doctor"],
        cwd=desk.folder,
        env=desk.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
