"""Steps of a call that do more than speak: what the caller hears, what the desk keeps, who is sent what."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.carrier.base import CallInfo
from tests.step_flows import BLOCKED, OFFICE, VIP, step_flows
from tests.world import CLIENT, DESK, LEE, SAM, STRANGER, World
from tickets.models import Call, ConsentEvent

ADDRESS = "Business IT Service Corps, LLC: 110 N College Ave, Tyler. Reply STOP to opt-out."
HOURS = "Business IT Service Corps, LLC: Monday to Friday, 8 to 5; emergencies at all hours. Reply STOP to opt-out."
TRANSFER = f'method="POST" timeout="10"><Number>{OFFICE}</Number></Dial></Response>'


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = World(database_url, tmp_path, FLOWS_DIR=str(step_flows(tmp_path)))
    yield made
    made.close()


def heard(twiml: str) -> str:
    return " ".join(re.findall(r"<Say[^>]*>([^<]*)</Say>", twiml))


def dialled(world: World, status: str, turn: int, *, over: bool = False) -> str:
    """The action of the Dial; `over`: the caller has hung up meanwhile."""
    form = {"CallStatus": "completed" if over else "in-progress", "DialCallStatus": status, "DialCallSid": "CAleg"}
    answer = world.post(f"/twilio/voice/{turn}", CallSid="CA1", From=CLIENT, To=DESK, **form)
    assert answer.status_code == 200
    return answer.text


def events(world: World, kind: str) -> list[str]:
    return [event["text"] for event in world.ticket()["events"] if event["kind"] == kind]


# --- branches, sounds and languages -------------------------------------------------------------------------------------


def test_who_calls_and_the_hour_decide_what_is_heard_first(world: World) -> None:
    first = world.call()
    assert '<Play>https://desk.example.org/sounds/hello.wav</Play><Say language="en-US" voice="Polly.Joanna">' in first
    assert heard(first).startswith("Business I.T. Service Corps help desk. Messages are recorded. For an emergency")
    vip = world.call("CA2", VIP)
    assert heard(vip).startswith("Gracias por estar con nosotros. Mesa de ayuda")
    away = world.call("CA3", BLOCKED)
    assert "This number is not answered. Goodbye.</Say><Hangup" in away


def test_a_closed_desk_says_so(database_url: str, tmp_path: Path) -> None:
    world = World(database_url, tmp_path, FLOWS_DIR=str(step_flows(tmp_path, open_at="mon-fri 09:00-17:00")))
    assert "We are closed." in heard(world.call())  # it is 8:05 there
    world.pass_time(3600, step=600)
    assert "We are closed." not in heard(world.call("CA2"))
    world.close()


def test_spanish_by_key_is_spanish_to_the_end(world: World) -> None:
    world.call()
    menu = world.press("2", 1)
    assert '<Say language="es-US" voice="Polly.Lupe">Para una emergencia, oprima el 1.' in menu
    voicemail = world.press("1", 2)
    assert '<Say language="es-US" voice="Polly.Lupe">Después del tono' in voicemail
    assert "en-US" not in menu + voicemail


# --- call back ----------------------------------------------------------------------------------------------------------


def test_who_wants_to_be_called_back_is_a_ticket_and_a_page_that_says_so(world: World) -> None:
    world.call()
    assert "To be called back at 9 0 3, 5 5 5, 0 1 6 0 instead, press 1." in heard(world.press("3", 1))
    thanks = world.press("1", 2)
    assert heard(thanks) == "Thank you. We will call you back. Goodbye."
    assert "<Hangup" in thanks
    assert world.press("1", 2) == thanks
    world.hang_up()
    world.hang_up()
    world.pass_time(30)
    assert world.texts_to(SAM) == [
        "URGENT 1001 missed call, Hollis & Wade CPA 903-555-0160: chose Call back, wants to be called back. "
        "Reply ACK 1001 to take it."
    ]
    ticket = world.ticket()
    assert (ticket["subject"], ticket["state"], ticket["from_number"]) == ("Call back", "open", CLIENT)
    assert events(world, "choice").count("The caller wants to be called back at 903-555-0160") == 1
    world.text(SAM, "ack")
    world.work()
    assert world.texts_to(SAM)[-1].startswith("1001 is yours: ")
    assert "Call 903-555-0160." in world.texts_to(SAM)[-1]


def test_a_number_is_read_back_and_the_team_calls_that_one(world: World) -> None:
    world.call()
    assert heard(world.press("4", 1)) == "Type your number, then pound."
    assert heard(world.press("12", 2)) == "I did not get that. Type your number, then pound."
    assert heard(world.press("9035550177", 3)) == "You typed 9 0 3, 5 5 5, 0 1 7 7. If that is wrong, press 2."
    assert heard(world.press("2", 4)).endswith("Type your number, then pound.")
    assert "0 1 7 8" in heard(world.press("9035550178", 5))
    offer = world.press("", 6)
    assert "To be called back at 9 0 3, 5 5 5, 0 1 7 8 instead" in heard(offer)
    assert world.press("", 6) == offer
    world.press("1", 7)
    world.hang_up()
    world.pass_time(30)
    assert "Hollis & Wade CPA 903-555-0178 (from 903-555-0160)" in world.texts_to(SAM)[0]
    assert events(world, "choice").count("The caller typed the callback number: 903-555-0178") == 1
    assert "0177" not in str(world.ticket())


def test_a_page_that_comes_again_names_the_number_that_was_typed(database_url: str, tmp_path: Path) -> None:
    world = World(database_url, tmp_path, FLOWS_DIR=str(step_flows(tmp_path)), escalates=True)
    world.call()
    for turn, keys in enumerate(["4", "9035550178", "", "1"], 1):
        world.press(keys, turn)
    world.hang_up()
    world.pass_time(1300, step=5)
    again = [text for text in world.texts_to(LEE) if " again, " in text]
    assert again
    assert all("903-555-0178 (from 903-555-0160)" in text for text in again)
    assert all("wants to be called back" in text for text in again)
    world.close()


def test_the_number_that_was_typed_goes_before_the_one_that_was_heard(world: World) -> None:
    """It was read back to the caller; what Whisper makes of a number in a noisy server room was not."""
    world.engine.words = "Call me back at 903-555-0179."
    world.call()
    for turn, keys in enumerate(["4", "9035550178", "", ""], 1):
        last = world.press(keys, turn)
    assert "<Record" in last
    world.recorded()
    world.hang_up()
    world.pass_time(30)
    assert world.texts_to(SAM) == [
        "URGENT 1001 Hollis & Wade CPA 903-555-0178 (from 903-555-0160): Call me back at 903-555-0179. Reply ACK 1001 to take "
        "it."
    ]
    world.text(SAM, "ack")
    world.work()
    assert "Call 903-555-0178." in world.texts_to(SAM)[-1]


def test_who_asks_twice_to_be_called_back_is_told_of_so(world: World) -> None:
    for sid in ("CA1", "CA2"):
        world.call(sid)
        world.press("3", 1, sid)
        world.press("1", 2, sid)
        world.hang_up(sid)
        world.pass_time(90)
    assert world.texts_to(SAM)[1] == (
        "URGENT 1001 Hollis & Wade CPA, the same caller, 2 times now. Last 903-555-0160 (1002): chose Call back, wants to be "
        "called back. Reply ACK 1001 to take it."
    )


def test_a_ticket_that_is_split_off_is_paged_with_all_that_the_caller_asked_for(world: World) -> None:
    for sid, keys in (("CA1", ["3", "1"]), ("CA2", ["4", "9035550178", "", "1"])):
        world.call(sid)
        for turn, key in enumerate(keys, 1):
            world.press(key, turn, sid)
        world.hang_up(sid)
        world.pass_time(90)
    world.text(SAM, "split 1002")
    world.pass_time(5)
    assert world.texts_to(LEE)[-1] == (
        "URGENT 1002 missed call, Hollis & Wade CPA 903-555-0178 (from 903-555-0160): chose Call back, wants to be called "
        "back. Reply ACK 1002 to take it."
    )


def test_who_hangs_up_before_the_key_is_no_ticket(world: World) -> None:
    world.call()
    world.press("4", 1)
    world.press("9035550177", 2)
    world.hang_up()
    world.pass_time(60)
    assert world.tickets() == []
    assert world.carrier.sent == []


def test_a_caller_without_a_number_can_type_one(world: World) -> None:
    world.call(caller="anonymous")
    assert "<Record" in world.press("3", 1, caller="anonymous")
    world.call("CA2", caller="anonymous")
    world.press("4", 1, "CA2", "anonymous")
    world.press("9035550177", 2, "CA2", "anonymous")
    assert "9 0 3, 5 5 5, 0 1 7 7" in heard(world.press("", 3, "CA2", "anonymous"))
    world.press("1", 4, "CA2", "anonymous")
    world.hang_up("CA2", "anonymous")
    world.pass_time(30)
    assert "missed call, 903-555-0177: chose Call back, wants to be called back." in world.texts_to(SAM)[0]


# --- a text -------------------------------------------------------------------------------------------------------------


def consents(world: World, number: str) -> list[tuple[str, str, str, str]]:
    found = [row for row in world.rows(ConsentEvent) if row.number == number]
    return [(row.kind, row.source, row.evidence, row.words) for row in found]


def test_a_key_is_consent_to_the_text_that_it_asks_for(world: World) -> None:
    world.call(caller=STRANGER)
    offer = world.press("5", 1, caller=STRANGER)
    assert heard(offer) == "To get our address as a text, press 1."
    thanks = world.press("1", 2, caller=STRANGER)
    assert world.press("1", 2, caller=STRANGER) == thanks  # the same webhook once more
    assert heard(thanks).startswith("Thank you. We have sent you a text. For an emergency, press 1.")
    world.work()
    assert world.texts_to(STRANGER) == [ADDRESS]
    assert consents(world, STRANGER) == [("opt-in", "key in a call", "CA1", f"Pressed 1 for a text: {ADDRESS}")]
    world.press("", 3, caller=STRANGER)
    world.hang_up(caller=STRANGER)
    world.pass_time(60)
    assert world.texts_to(STRANGER) == [ADDRESS]
    assert world.tickets() == []


def test_two_offers_are_two_texts_and_the_same_offer_is_one(world: World) -> None:
    world.call(caller=STRANGER)
    for turn, keys in enumerate(["5", "1", "7", "1", "5", "1"], 1):
        world.press(keys, turn, caller=STRANGER)
    world.work()
    assert world.texts_to(STRANGER) == [ADDRESS, HOURS]


def test_who_has_opted_out_is_not_asked(world: World) -> None:
    world.text(STRANGER, "STOP")
    world.work()
    world.call(caller=STRANGER)
    assert heard(world.press("5", 1, caller=STRANGER)).startswith("For an emergency, press 1.")
    world.work()
    assert world.texts_to(STRANGER) == []
    assert [kind for kind, *_ in consents(world, STRANGER)] == ["opt-out"]


def test_an_opt_out_between_offer_and_key_is_undone_by_nothing(world: World) -> None:
    """The wish that was written in words goes before the key that answers an older question."""
    world.call(caller=STRANGER)
    world.press("5", 1, caller=STRANGER)
    world.text(STRANGER, "STOP")
    world.work()
    world.press("1", 2, caller=STRANGER)
    world.pass_time(10)
    assert world.texts_to(STRANGER) == []
    assert [kind for kind, *_ in consents(world, STRANGER)] == ["opt-out"]


def test_a_withheld_number_is_not_asked(world: World) -> None:
    world.call(caller="anonymous")
    assert heard(world.press("5", 1, caller="anonymous")).startswith("For an emergency, press 1.")


# --- another number -----------------------------------------------------------------------------------------------------


def test_an_answered_transfer_ends_the_call_and_leaves_the_ticket_open(world: World) -> None:
    world.call()
    twiml = world.press("6", 1)
    assert twiml.endswith(f'<Dial action="https://desk.example.org/twilio/voice/2" {TRANSFER}')
    goodbye = dialled(world, "completed", 2)
    assert heard(goodbye) == "Thank you for calling. Goodbye."
    assert "<Hangup" in goodbye
    assert dialled(world, "completed", 2) == goodbye
    world.hang_up()
    world.pass_time(60)
    page = (
        "URGENT 1001 call, Hollis & Wade CPA 903-555-0160: chose Other office, was connected to another number. "
        "Reply ACK 1001 to take it."
    )
    assert world.texts_to(SAM) == [page]
    ticket = world.ticket()
    assert (ticket["state"], ticket["calls"][0]["outcome"]) == ("open", "transferred")
    assert "The caller was connected to another number" in events(world, "choice")


@pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "canceled", ""])
def test_nobody_there_leads_to_the_voicemail(world: World, status: str) -> None:
    world.call()
    world.press("6", 1)
    voicemail = dialled(world, status, 2)
    assert "<Record" in voicemail
    assert dialled(world, status, 2) == voicemail
    world.recorded()
    world.hang_up()
    world.pass_time(30)
    assert world.ticket()["calls"][0]["outcome"] == "voicemail"
    assert "[Other office]" in world.texts_to(SAM)[0]


def test_who_calls_from_that_number_is_not_connected_to_the_own_mailbox(database_url: str, tmp_path: Path) -> None:
    """An answering service passes on what it was told: its own line is engaged. Also where the call begins with it."""
    flows = step_flows(tmp_path)
    for number, start in enumerate(("who", "office")):
        words = (flows / "helpdesk.yml").read_text()
        (flows / "helpdesk.yml").write_text(words.replace("start: who", f"start: {start}"))
        world = World(database_url, tmp_path / str(number), FLOWS_DIR=str(flows))
        sids = (f"CA{number}1", f"CA{number}2")
        heard = [world.call(sid, caller) for sid, caller in zip(sids, (OFFICE, CLIENT), strict=True)]
        if start == "who":
            heard = [world.press("6", 1, sid, who) for sid, who in zip(sids, (OFFICE, CLIENT), strict=True)]
        assert ["<Record" in heard[0], "<Dial" in heard[0]] == [True, False]
        assert ["<Record" in heard[1], "<Dial" in heard[1]] == [False, True]
        world.close()


def test_who_hangs_up_while_it_rings_is_a_missed_call_at_once(world: World) -> None:
    world.call()
    world.press("6", 1)
    assert "<Record" not in dialled(world, "canceled", 2, over=True)
    world.hang_up()
    world.pass_time(2)  # no recording is looked for
    assert "missed call" in world.texts_to(SAM)[0]
    assert "left no message" in world.texts_to(SAM)[0]
    (call,) = world.rows(Call)
    assert (call.outcome, call.in_voicemail) == ("abandoned", False)


@pytest.mark.parametrize("order", ["talk first", "end first"])
def test_who_talked_and_hung_up_was_transferred(world: World, order: str) -> None:
    world.call()
    world.press("6", 1)
    if order == "end first":
        world.hang_up()
    dialled(world, "completed", 2, over=True)
    if order == "talk first":
        world.hang_up()
    world.pass_time(30)
    assert world.ticket()["calls"][0]["outcome"] == "transferred"
    assert len(world.texts_to(SAM)) == 1


def test_a_transfer_whose_end_is_never_reported_is_paged_all_the_same(world: World) -> None:
    world.call()
    world.press("6", 1)
    world.carrier.calls["CA1"] = CallInfo("CA1", "completed", CLIENT, DESK)
    world.pass_time(150)
    assert "missed call" in world.texts_to(SAM)[0]


def test_a_long_talk_elsewhere_is_nothing_missed(world: World) -> None:
    world.call()
    world.press("6", 1)
    world.pass_time(1200, step=5)
    assert world.texts_to(SAM) == []
    dialled(world, "completed", 2)
    world.pass_time(2)
    assert "was connected to another number" in world.texts_to(SAM)[0]


def test_a_hang_up_in_the_middle_of_any_step_ends_the_record(world: World) -> None:
    for number, keys in enumerate(["", "3", "4", "5"]):
        sid = f"CA{number}"
        world.call(sid)
        if keys:
            world.press(keys, 1, sid)
        world.hang_up(sid)
    world.pass_time(60)
    assert [call.outcome for call in world.rows(Call)] == ["abandoned"] * 4
    assert world.tickets() == []
