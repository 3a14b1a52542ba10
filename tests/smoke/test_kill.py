"""kill -9 at the worst moment: nothing is lost, nobody is paged twice, nothing is left behind."""

import os
import re
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.smoke.desk import SAMPLES, TEAM, Desk, running, until

pytestmark = [pytest.mark.smoke, pytest.mark.weights, pytest.mark.xdist_group("kill")]
CALLS = 10


def test_ten_voicemails_survive_the_death_of_every_role(tmp_path: Path) -> None:
    with running(tmp_path, WHISPER_ENGINE="faster-whisper") as desk:
        callers = [f"+1903555{2000 + number}" for number in range(CALLS)]
        murders = threading.Thread(target=_kill_all_roles, args=(desk,))
        murders.start()
        for caller in callers:
            _leave_message(desk, caller)
            time.sleep(1)  # so that every death falls into the middle of the ten
        murders.join()
        until(lambda: _all_transcribed(desk), within=150, what=f"ten transcripts\n{desk.log.read_text()[-2000:]}")
        until(lambda: _all_sent(desk), within=150, what="pages at the pace of the carrier")
        time.sleep(5)  # for what should not come
        tickets = desk.tickets()
        assert sorted(ticket["from_number"] for ticket in tickets if _states(ticket) == ["done"]) == callers
        # A caller who was cut off after choosing has a ticket of that call too: a missed call, and nothing else.
        assert all(_states(ticket) in (["done"], ["silent"], []) for ticket in tickets)
        for phone in TEAM:
            texts = desk.texts(phone)
            pages = [number for text in texts if text.startswith("URGENT") for number in _announced(text)]
            assert sorted(pages) == sorted(str(ticket["number"]) for ticket in tickets)
            words = [text.split()[0] for text in texts if " said: " in text]
            assert len(words) == len(set(words))


def _announced(page: str) -> list[str]:
    """The tickets of a page: one, or several when many came within a minute."""
    several = re.match(r"URGENT \d+ tickets: (.+)\. Reply ACK", page)
    return [entry.split()[0] for entry in several[1].split(", ")] if several else [page.split()[1]]


def _leave_message(desk: Desk, caller: str) -> None:
    """A client who calls again until the call got through to the message: the line may be down for a moment."""
    sound = (SAMPLES / "printer.wav").read_bytes()  # of no client: their tickets stay apart
    until_then = time.monotonic() + 90  # a web process that was killed needs a while on a busy machine
    while time.monotonic() < until_then:
        call = None
        try:
            call = desk.phones.call(caller, pace="caller")
            desk.phones.press(call, "1", wait=10)
            desk.phones.press(call, "1", wait=10)
            desk.phones.speak(call, sound, wait=10)
            desk.phones.hang_up(call)
        except Exception:
            if _recorded(desk, call):
                return
            time.sleep(1)
        else:
            return
    raise AssertionError(f"{caller} never got through")


def _recorded(desk: Desk, call: str | None) -> bool:
    """Whether the carrier has a message of this call, whatever became of the request that left it."""
    if call is None:
        return False
    for _ in range(20):
        try:
            events = desk.phones.events(call, wait=0)[0]
            return any(event.kind == "recorded" and event.data["status"] == "completed" for event in events)
        except Exception:
            time.sleep(0.5)
    return False


def _kill_all_roles(desk: Desk) -> None:
    for role in ("worker", "transcriber", "clock", "broker", "web", "worker", "transcriber"):
        time.sleep(1.5)
        until(lambda role=role: desk.pids(role), within=30, what=f"{role} runs")  # type: ignore[misc]
        desk.kill(role)


def _all_transcribed(desk: Desk) -> bool:
    try:
        found = desk.tickets()
    except Exception:
        return False
    states = [state for ticket in found for state in _states(ticket)]
    return states.count("done") == CALLS and "pending" not in states


def _all_sent(desk: Desk) -> bool:
    pages = [page["state"] for ticket in desk.tickets() for page in ticket["pages"]]
    return bool(pages) and not {"pending", "sending"} & set(pages)


def _states(ticket: dict[str, Any]) -> list[str]:
    return [recording["transcript"]["state"] for recording in ticket["recordings"]]


def test_sigterm_stops_every_process(tmp_path: Path) -> None:
    with running(tmp_path) as desk:
        assert len(desk.all_pids()) >= 7
        assert desk.stop() == 0
        assert desk.all_pids() == []


def test_kill_9_of_up_leaves_nothing_behind(tmp_path: Path) -> None:
    with running(tmp_path) as desk:
        os.kill(desk.process.pid, signal.SIGKILL)
        desk.process.wait()
        until(lambda: not desk.all_pids(), within=15, what="every process is gone")
