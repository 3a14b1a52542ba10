"""Voicemails on the real processes: `helpline up` with the sandbox carrier, and callers who leave the samples."""

import csv
import itertools
import json
import sqlite3
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from bench.desk import ROOT, BenchError, Desk, Process, helpline, running, temporary_desk, wait_for, wait_for_words
from ivr.sandbox.client import ControlClient
from ivr.up import MODEL_READY

#: Weights may have to be converted once.
MODEL_WITHIN = 180.0
#: Callers that go through the menu at the same time; all hang up together.
HANDS = 10
#: Nobody calls twice: a second call would join the first one's ticket.
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Up:
    """A running helpline: its processes below `process`, its sandbox."""

    desk: Desk
    process: Process
    sandbox: ControlClient

    def tickets(self) -> list[dict[str, Any]]:
        """The newest hundred tickets of the JSON API."""
        request = urllib.request.Request(
            f"{self.desk.url}/api/v1/tickets?limit=100", headers={"Authorization": f"Bearer {self.desk.api_token}"}
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return list(json.load(answer)["tickets"])

    def pending(self) -> int:
        """How many recordings of those tickets wait for their words."""
        recordings = [one for ticket in self.tickets() for one in ticket["recordings"]]
        return sum(one["transcript"]["state"] == "pending" for one in recordings)

    def carrier_rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the sandbox's own database, which notes times to the millisecond; it is only read."""
        path = self.desk.data / "sandbox" / "sandbox.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(query).fetchall()


@contextmanager
def up() -> Iterator[Up]:
    """Everything of `helpline up`, answering, with the model in memory. Raises BenchError."""
    with temporary_desk() as desk, running(desk, helpline("up"), log="up") as process:
        log = desk.log("up")
        wait_for(f"{desk.url}/readyz", process, log)
        wait_for(f"{desk.sandbox_url}/healthz", process, log)
        wait_for_words(MODEL_READY, process, log, within=MODEL_WITHIN)
        yield Up(desk, process, ControlClient(desk.sandbox_url))


def spoken_samples() -> list[bytes]:
    """The sample voicemails that hold words."""
    with (ROOT / "samples" / "transcripts.tsv").open(newline="", encoding="utf-8") as source:
        rows = [row for row in csv.DictReader(source, delimiter="\t", quoting=csv.QUOTE_NONE) if row["text"]]
    found = [(ROOT / "samples" / f"{row['id']}.wav").read_bytes() for row in rows]
    if not found:
        raise BenchError("samples/transcripts.tsv names no voicemail with words")
    return found


def leave(helpline_up: Up, count: int) -> list[str]:
    """`count` callers choose "emergency", leave a sample each, and then all hang up at once. Gives the ids of the calls."""
    samples, sandbox = spoken_samples(), helpline_up.sandbox

    def call(number: int) -> str:
        sid = sandbox.call(f"+1903556{next(_NUMBERS):04}", pace="caller")
        sandbox.press(sid, "1", wait=30)
        sandbox.press(sid, "1", wait=30)  # a message, instead of waiting for the team
        sandbox.speak(sid, samples[number % len(samples)], wait=30)
        return sid

    with ThreadPoolExecutor(min(HANDS, count)) as hands:
        sids = list(hands.map(call, range(count)))
    with ThreadPoolExecutor(count) as hands:
        list(hands.map(sandbox.hang_up, sids))
    return sids


def wait_until_heard(helpline_up: Up, *, within: float) -> bool:
    """Wait until no recording waits for its words; False when time ran out before."""
    until = time.monotonic() + within
    while helpline_up.pending():
        if time.monotonic() > until:
            return False
        time.sleep(1.0)
    return True


def callbacks_of(helpline_up: Up, calls: Sequence[str]) -> dict[str, float]:
    """When the carrier's `completed` callback of each call's recording was due to leave it, in seconds since the epoch."""
    found: dict[str, float] = {}
    for params, due in helpline_up.carrier_rows("SELECT params, due FROM webhooks"):
        form = json.loads(params)
        if form.get("RecordingStatus") == "completed" and form.get("CallSid") in calls:
            found[form["CallSid"]] = float(due)
    return found
