"""A desk of a few lines, and fingers that type into a telephone: for the tests of `helpline phone` and its demo."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from rich.console import Console

from ivr.phone import run_phone
from ivr.sandbox.config import SandboxConfig
from ivr.sandbox.server import running
from tests.unit.ivr.sandbox.sandbox_helpers import (
    ACCOUNT,
    CLIENT,
    DESK,
    SAM,
    TOKEN,
    Application,
    eventually,
    serving,
    words,
)

LEE = "+19035550102"
STAFF = [("Sam", SAM), ("Lee", LEE)]
ROOM = '<Response><Dial><Conference beep="false" waitUrl="" {}>1042</Conference></Dial><Say>Good-bye.</Say></Response>'
WORDS = "the server room is flooded please call back"


@dataclass
class Desk:
    """A desk that pages two people for each recording and takes an ACK; what it does can be taken away."""

    sandbox: str = ""
    pages: bool = True
    tells_others: bool = True
    tickets: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[dict[str, str]] = field(default_factory=list)
    caller: str = ""
    url: str = ""
    rung: dict[str, str] = field(default_factory=dict)

    def order(self, path: str, **form: str | list[str]) -> dict[str, Any]:
        """Ask the carrier's REST API about calls."""
        url = f"{self.sandbox}/2010-04-01/Accounts/{ACCOUNT}/{path}.json"
        answer = requests.post(url, data=form, auth=(ACCOUNT, TOKEN), timeout=5)
        return dict(answer.json())

    def chosen(self, form: dict[str, str]) -> str:
        """1 leaves a message, 2 rings the team while the caller waits, 3 is the answering service."""
        if form["Digits"] == "3":
            return '<Response><Dial action="/done"><Number>+19035550199</Number></Dial></Response>'
        if form["Digits"] != "2":
            return '<Response><Record action="/done" recordingStatusCallback="/rec"/></Response>'
        self.caller = form["CallSid"]
        for _name, number in STAFF:
            self.rung[number] = self.order("Calls", To=number, From=DESK, Url=f"{self.url}/screen")["sid"]
        return self.waiting({})

    def waiting(self, form: dict[str, str]) -> str:
        words = "We are ringing the team." if not form else "Still trying."
        return (
            '<Response><Gather numDigits="1" timeout="20" actionOnEmptyResult="true" action="/turn">'
            f"<Say>{words} Press 1 to leave a message.</Say></Gather></Response>"
        )

    def accepted(self, form: dict[str, str]) -> str:
        """A colleague pressed 1: the caller is led into the room, the other phones ring no more."""
        for number, call in self.rung.items():
            if number != form["To"]:
                self.order(f"Calls/{call}", Status="canceled")
        self.order(f"Calls/{self.caller}", Url=f"{self.url}/connect", Method="POST")
        return ROOM.format('endConferenceOnExit="true"')

    def send(self, to: str, body: str) -> None:
        url = f"{self.sandbox}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        requests.post(
            url, data={"To": to, "From": DESK, "Body": body}, auth=(ACCOUNT, TOKEN), timeout=5
        ).raise_for_status()

    def recorded(self, form: dict[str, str]) -> str:
        transcript = {"state": "done", "text": WORDS}
        recording = {"sid": form["RecordingSid"], "transcript": transcript}
        self.tickets.append({
            "number": 1042, "state": "open", "priority": "urgent", "subject": "Emergency", "claimed_by": None,
            "calls": [{"sid": form["CallSid"]}], "recordings": [recording],
        })  # fmt: skip
        if self.pages:
            for _name, number in STAFF:
                self.send(number, f"URGENT 1042 {WORDS}. Reply ACK 1042 to take it.")
        return ""

    def texted(self, form: dict[str, str]) -> str:
        if form["NumMedia"] != "0":
            self.pictures.append(form)
        if form["Body"] == "ACK 1042":
            self.tickets[0] |= {"state": "claimed", "claimed_by": "Sam"}
            self.send(form["From"], "1042 is yours.")
            if self.tells_others:
                self.send(LEE, "1042 is taken by Sam.")
        return "<Response/>"

    def answers(self) -> dict[str, object]:
        return {
            "/twilio/voice": "<Response><Say>Help desk.</Say>"
            '<Gather numDigits="1" action="/menu"><Say>For an emergency press 1.</Say></Gather></Response>',
            "/menu": self.chosen,
            "/turn": self.waiting,
            "/screen": '<Response><Gather numDigits="1" action="/accept"><Say>A client calls. Press 1.</Say></Gather>'
            "<Hangup/></Response>",
            "/accept": self.accepted,
            "/connect": ROOM.format(""),
            "/done": "<Response><Say>We have your message.</Say></Response>",
            "/rec": self.recorded,
            "/twilio/sms": self.texted,
        }


def on_paper() -> Console:
    return Console(file=io.StringIO(), width=200, force_terminal=False)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


class Fingers:
    """Types into a phone that runs in a thread, and waits for what it prints."""

    def __init__(self, desk: Desk, samples: Path) -> None:
        self.console, self.code = on_paper(), -1
        read, self._write = os.pipe()
        self._source = os.fdopen(read)

        def hold() -> None:
            self.code = run_phone(
                desk.sandbox,
                number=CLIENT,
                wav=None,
                samples=samples,
                staff=STAFF,
                console=self.console,
                source=self._source,
            )

        self._thread = threading.Thread(target=hold)
        self._thread.start()

    def type(self, line: str) -> None:
        os.write(self._write, line.encode() + b"\n")

    def sees(self, words: str) -> None:
        try:
            eventually(lambda: words in printed(self.console))
        except AssertionError:
            raise AssertionError(f"'{words}' never came; the screen says:\n{printed(self.console)}") from None

    def end(self) -> int:
        os.close(self._write)
        self._thread.join(timeout=10)
        self._source.close()
        return self.code


@contextmanager
def desk_at(folder: Path) -> Iterator[Desk]:
    """The desk and a sandbox carrier that calls it, while the block runs."""
    made = Desk()
    with serving(Application(answers=made.answers())) as application:
        made.url = application.url
        config = SandboxConfig("127.0.0.1", 0, ACCOUNT, TOKEN, DESK, application.url, folder / "sandbox", speed=20)
        with running(config) as made.sandbox:
            yield made


def some_samples(folder: Path) -> Path:
    """A folder of samples: two voicemails and two pictures."""
    made = folder / "samples"
    made.mkdir()
    for name, seconds in (("outage", 2.0), ("printer", 3.0)):
        (made / f"{name}.wav").write_bytes(words(seconds))
    for name in ("bluescreen.png", "rack.jpg"):
        (made / name).write_bytes(name.encode())
    return made
