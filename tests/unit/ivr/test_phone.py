"""The telephone in the terminal and the story that plays itself, against a desk of a few lines."""

from __future__ import annotations

import io
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from rich.console import Console

from ivr import demo
from ivr.demo import run_demo, shared_words, ticket_number
from ivr.phone import Shown, run_phone, show
from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxConfig
from ivr.sandbox.server import running
from tests.unit.ivr.sandbox.sandbox_helpers import ACCOUNT, CLIENT, DESK, SAM, TOKEN, eventually
from tests.unit.ivr.telephone import LEE, STAFF, WORDS, Desk, Fingers, desk_at, on_paper, printed, some_samples


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_at(tmp_path) as made:
        yield made


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    return some_samples(tmp_path)


@pytest.fixture
def fingers(desk: Desk, samples: Path) -> Iterator[Fingers]:
    made = Fingers(desk, samples)
    yield made
    if made.code == -1:
        made.end()


def test_a_call_held_in_a_terminal(fingers: Fingers) -> None:
    fingers.sees("Messages to leave: 1 outage  2 printer")
    fingers.sees("desk | For an emergency press 1.")
    fingers.type("1")
    fingers.sees("Beep. Recording: m leaves a message.")
    fingers.type("m 2")
    fingers.sees("you | spoke for 3.0 s. Now # or s ends the message, h hangs up.")
    fingers.type("#")
    fingers.sees("desk | We have your message.")
    fingers.sees("The call is over after")
    fingers.sees(f"Lee's phone | URGENT 1042 {WORDS}. Reply ACK 1042 to take it.")
    fingers.type("sam: ACK 1042")
    fingers.sees("Sam's phone | 1042 is yours.")
    fingers.sees("Lee's phone | 1042 is taken by Sam.")
    fingers.type("q")
    assert fingers.end() == 0


def test_the_end_of_the_input_hangs_up(fingers: Fingers, desk: Desk) -> None:
    fingers.sees("For an emergency press 1.")
    assert fingers.end() == 0
    assert "You hung up." in printed(fingers.console)
    assert "The call is over after 0 s (caller hung up)." in printed(fingers.console)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("x", "'x' is nothing I know; ? shows what I do."),
        ("m 9", "There are samples 1 to 2. 1 outage  2 printer"),
        ("m /no/such.wav", "Cannot read /no/such.wav: No such file or directory. Give the path of a WAV file."),
        ("c", "You are on the phone already. h hangs up."),
        ("t", "t needs the words: t our server room is flooded"),
        ("Lee:", "Lee: needs the words, such as Lee: ACK 1042"),
        (
            "p",
            "Which picture? p 1 sends a sample (1 bluescreen  2 rack), p my.png sends a file, p my.png WORDS adds the words.",
        ),
        ("p 3 the rack", "There are pictures 1 to 2. 1 bluescreen  2 rack"),
        ("p /no/such.png look", "Cannot read /no/such.png: No such file or directory. Give the path of a picture."),
    ],
)
def test_slips_of_the_fingers_are_explained(fingers: Fingers, typed: str, answer: str) -> None:
    fingers.sees("For an emergency press 1.")
    fingers.type(typed)
    fingers.sees(answer)


def test_silence_hanging_up_and_texting(fingers: Fingers, desk: Desk) -> None:
    fingers.sees("For an emergency press 1.")
    fingers.type("s")
    fingers.sees("The call is over after 0 s (application hung up).")
    fingers.type("h")
    fingers.sees("No call is on. c calls the desk.")
    fingers.type("t our door is stuck")
    fingers.sees("you (text) | our door is stuck")
    sent = requests.get(f"{desk.sandbox}/sandbox/phones/{CLIENT}/sent", timeout=5).json()["texts"]
    assert [text["body"] for text in sent] == ["our door is stuck"]


def nobody_listens() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_without_a_sandbox_the_phone_and_the_demo_say_what_to_start(samples: Path) -> None:
    for run in (
        lambda url, console: run_phone(url, number=CLIENT, wav=None, samples=samples, staff=STAFF, console=console),
        lambda url, console: run_demo(url, api=None, samples=samples, staff=STAFF, console=console),
    ):
        console, url = on_paper(), nobody_listens()
        assert run(url, console) == 1
        assert (
            f"The sandbox carrier at {url} does not answer (ConnectionError). Start it with `helpline up`"
            in printed(console)
        )


@pytest.mark.parametrize("with_api", [True, False])
def test_the_whole_story_plays_by_itself(desk: Desk, samples: Path, with_api: bool) -> None:
    console = on_paper()
    read: Callable[[], list[dict[str, Any]]] | None = (lambda: desk.tickets) if with_api else None
    assert run_demo(desk.sandbox, api=read, samples=samples, staff=STAFF, console=console) == 0
    steps = re.findall(r"^  ok +[\d.]+ s  (.*)$", printed(console), re.MULTILINE)
    looking_in = [
        "The desk opens an urgent ticket",
        "Whisper writes down what was said",
    ]
    assert steps == [
        f"A client calls {DESK} and hears the menu",
        "The client presses 1 and is asked for a message",
        "The client leaves a voicemail (printer) and hangs up",
        *(looking_in if with_api else []),
        "Everyone on call gets the page",
        *(["The page carries the client's words"] if with_api else []),
        "Sam answers ACK 1042 and is told that it is theirs",
        "The others are told who has it",
        *(["The ticket shows its owner"] if with_api else []),
    ]
    assert "Lee: 1042 is taken by Sam." in printed(console)
    assert re.search(r"The story held, in [\d.]+ s\.", printed(console))


def test_a_story_that_stops_says_where_and_what_to_look_at(
    desk: Desk, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "SOON", 2.0)
    desk.tells_others = False
    console = on_paper()
    assert run_demo(desk.sandbox, api=None, samples=samples, staff=STAFF, console=console) == 1
    assert "The others are told who has it" in printed(console)
    assert f"nobody told that Sam has it: Lee ({LEE}). Look at the log of web for /twilio/sms" in printed(console)

    monkeypatch.setattr(demo, "PATIENCE", 1.0)
    desk.pages = False
    console = on_paper()
    assert run_demo(desk.sandbox, api=None, samples=samples, staff=STAFF, console=console) == 1
    assert f"no page came to Sam ({SAM}), Lee ({LEE}). Look at the log of worker" in printed(console)


def test_a_demo_without_samples_or_people_says_so(desk: Desk, samples: Path, tmp_path: Path) -> None:
    console = on_paper()
    assert run_demo(desk.sandbox, api=None, samples=tmp_path, staff=STAFF, console=console) == 1
    assert run_demo(desk.sandbox, api=None, samples=samples, staff=[], console=console) == 1
    assert "the demo needs printer.wav there" in printed(console)
    assert "Nobody is on call" in printed(console)


def test_an_application_that_is_down_stops_the_story_at_the_call(samples: Path, tmp_path: Path) -> None:
    config = SandboxConfig("127.0.0.1", 0, ACCOUNT, TOKEN, DESK, nobody_listens(), tmp_path / "sandbox", speed=20)
    with running(config) as url:
        console = on_paper()
        assert run_demo(url, api=None, samples=samples, staff=STAFF, console=console) == 1
        assert "(carrier's error 11205)." in printed(console)
        assert ControlClient(url).info()["number"] == DESK


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ("URGENT 1001 Hollis 903-555-0199: flooded. Reply ACK 1001 to take it.", "1001"),
        ("#1042 is down", "1042"),
        ("Ticket 1042 from 903-555-0147", "1042"),
        ("call 903-555-0147", None),
    ],
)
def test_the_ticket_number_is_found_in_a_page(body: str, number: str | None) -> None:
    assert ticket_number(body) == number


def test_words_in_common_are_counted_once() -> None:
    assert shared_words("Server flooded, server!", "the server room is flooded") == 2


def test_on_a_terminal_long_prompts_fold_beside_their_speaker() -> None:
    console = Console(file=io.StringIO(), width=32, force_terminal=True, color_system=None)
    show(console, Shown("desk", "For an emergency or outage, press 1."), width=6)
    assert [line.rstrip() for line in printed(console).splitlines()] == [
        "  desk | For an emergency or",
        "         outage, press 1.",
    ]


def test_an_interrupted_phone_hangs_up(desk: Desk, samples: Path) -> None:
    class Interrupted(Console):
        """A screen at which somebody presses Ctrl-C as soon as the call is through."""

        def print(self, *objects: Any, **options: Any) -> None:
            super().print(*objects, **options)
            if "Connected." in printed(self) and "hung up" not in printed(self):
                raise KeyboardInterrupt

    console = Interrupted(file=io.StringIO(), width=200, force_terminal=False)
    read, write = os.pipe()
    with os.fdopen(read) as source:
        assert (
            run_phone(
                desk.sandbox, number=CLIENT, wav=None, samples=samples, staff=STAFF, console=console, source=source
            )
            == 0
        )
        os.close(write)
    assert printed(console).endswith("You hung up.\n")
    reports = ControlClient(desk.sandbox).webhooks
    eventually(lambda: [hook["params"]["CallStatus"] for hook in reports()] == ["completed"])
