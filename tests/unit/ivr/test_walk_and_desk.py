"""What a walk says that the desk would do is what the desk does."""

from pathlib import Path

import pytest

from flows.trying.actions import HangUp, Press, Send, Speak
from flows.trying.callers import from_number
from flows.trying.walk import Walk
from ivr.commands.flowtest import open_texting
from tests.world import CLIENT, STRANGER, World, edited_flows


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> World:
    """A desk at which other help can wait."""
    flows = edited_flows(tmp_path, "helpdesk.yml", "opens: Other help", "opens: Other help, priority: normal")
    return World(database_url, tmp_path, FLOWS_DIR=str(flows))


def of_the_desk(world: World) -> list[tuple[str, str, list[str]]]:
    """Subject, priority and the people paged of each ticket."""
    world.pass_time(40)
    return [
        (ticket["subject"], ticket["priority"], sorted({page["person"] for page in ticket["pages"]}))
        for ticket in world.tickets()
    ]


def of_the_walk(walk: Walk) -> list[tuple[str, str, list[str]]]:
    """The same, as the walk has it at its end."""
    ticket = walk.point.ticket
    return [(ticket.subject, ticket.priority, sorted(walk.point.pages))] if ticket else []


def tried(world: World, caller: str, *, calls: bool = True) -> Walk:
    flows = world.desk.flows
    return Walk(flows, from_number(flows, caller), world.now(), open_texting, calls=calls)


@pytest.mark.parametrize("keys", ["", "1", "2", "91", "32", "7", "8"])
@pytest.mark.parametrize("caller", [CLIENT, STRANGER])
def test_a_caller_who_hangs_up(world: World, keys: str, caller: str) -> None:
    walk = tried(world, caller)
    world.call(caller=caller)
    for turn, key in enumerate(keys, start=1):
        world.press(key, turn, caller=caller)
        walk.do(Press(key))
    world.hang_up(caller=caller)
    walk.do(HangUp())
    assert of_the_desk(world) == of_the_walk(walk)
    world.close()


def test_a_message_is_paged_to_the_same_people(world: World) -> None:
    walk = tried(world, CLIENT)
    world.transcriber_runs = False
    world.call()
    world.press("1", 1)
    walk.do(Press("1"))
    world.post("/twilio/voice/2", CallSid="CA1", From=CLIENT, RecordingSid="RE1", RecordingDuration="12", Digits="#")
    world.recorded()
    world.hang_up()
    walk.do(Speak(12))
    assert of_the_desk(world) == of_the_walk(walk) != []
    world.close()


@pytest.mark.parametrize("said", ["Our server is down", "STOP", "opt out", "HELP", "ayuda", "please stop by at three"])
def test_a_text(world: World, said: str) -> None:
    walk = tried(world, CLIENT, calls=False)
    world.text(CLIENT, said)
    walk.do(Send(said))
    assert of_the_desk(world) == of_the_walk(walk)
    assert [body.replace("1001", "1042") for body in world.texts_to(CLIENT)] == list(walk.point.gets)
    world.close()


ASKS = """    number: {ask: {about: call back number, kind: number, say: "Your number, then pound."}, next: office}
    office: {ask: {about: office, kind: name, say: "The letters of your office, then pound."}, next: back}
    back: {callback: {}, otherwise: message}
    message: {voicemail"""


def test_what_is_typed_stands_in_the_history_in_the_same_words(database_url: str, tmp_path: Path) -> None:
    flows = edited_flows(tmp_path, "helpdesk.yml", "    message: {voicemail", ASKS)
    path = flows / "helpdesk.yml"
    path.write_text(path.read_text().replace("2: {next: other_help", "2: {next: number"))
    world = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    walk, noted = tried(world, STRANGER), list[str]()
    world.call(caller=STRANGER)
    for turn, keys in enumerate(["2", "9035550199", "1", "4655", "1"], start=1):
        world.press(keys, turn, caller=STRANGER)
        walk.do(Press(keys))
        noted += walk.point.notes
    story = [event["text"] for event in world.ticket()["events"] if event["kind"] == "choice"]
    assert story == noted
    assert noted == [
        "The caller chose: Other help",
        "The caller typed the call back number: 903-555-0199",
        "The caller typed the office: 4655, which is Hollis & Wade CPA",
        "The caller wants to be called back at 903-555-0199",
    ]
    world.close()
