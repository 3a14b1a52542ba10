"""The real thing for smoke tests: `helpline up` with every process, and phones at the sandbox carrier."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import requests

from ivr.sandbox.client import ControlClient
from tests import databases

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
HELPLINE = Path(sys.executable).parent / "helpline"
SAM, LEE, ROBIN = "+19035550111", "+19035550112", "+19035550113"
TEAM = (SAM, LEE, ROBIN)

#: A page waits for its words, however busy the machine is that runs the tests. What helpdesk.yml has, and what it has here.
PATIENT = {"wait_for_transcript: 20,": "wait_for_transcript: 120,"}

T = TypeVar("T")


def until(look: Callable[[], T | None], *, within: float, what: str) -> T:
    """The first answer of `look` that counts as true. Looks often, also at what was killed and is not back yet; gives up
    after `within` seconds."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        with suppress(requests.ConnectionError, requests.Timeout):
            if answer := look():
                return answer
        time.sleep(0.1)
    raise AssertionError(f"not within {within:.0f} s: {what}")


def flows_with(changes: Mapping[str, str], folder: Path) -> Path:
    """The shipped flow files in a folder of their own, with some words of helpdesk.yml changed."""
    flows = folder / "flows"
    flows.mkdir()
    for shipped in (ROOT / "flows").glob("*.yml"):
        shutil.copy(shipped, flows)
    file = flows / "helpdesk.yml"
    words = file.read_text()
    for shipped_words, others in changes.items():
        assert shipped_words in words
        words = words.replace(shipped_words, others)
    file.write_text(words)
    return flows


def free_ports() -> tuple[int, int]:
    """Two ports that nobody listens on."""
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


class Desk:
    """A desk that runs."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        port, sandbox_port = free_ports()
        self.url = f"http://127.0.0.1:{port}"
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("TWILIO_", "HELPLINE_"))},
            "HELPLINE_DATA": str(folder / "data"),
            "PORT": str(port),
            "SANDBOX_PORT": str(sandbox_port),
            "HELPLINE_API_TOKEN": "smoke",
            "FLOWS_DIR": str(ROOT / "flows"),
            "NO_COLOR": "1",
            **env,
        }
        self.log = folder / "up.log"
        self.phones = ControlClient(f"http://127.0.0.1:{sandbox_port}")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(HELPLINE), "up"], cwd=folder, env=self.env, stdout=log, stderr=subprocess.STDOUT
            )

    def wait_until_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            try:
                return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200 and bool(self.phones.info())
            except Exception:
                return False

        until(ready, within=60, what=f"ready\n{self.log.read_text()[-3000:]}")

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url + path, headers={"Authorization": "Bearer smoke"}, timeout=10, **options)

    def tickets(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/api/v1/tickets?limit=100").json()["tickets"]
        return found

    def ticket(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/api/v1/tickets/{number}").json()
        return found

    def pids(self, role: str) -> list[int]:
        """The running processes of a role, by their command line."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    environment = (entry / "environ").read_bytes()
                except OSError:
                    continue
                ours = f"HELPLINE_DATA={self.env['HELPLINE_DATA']}".encode() in environment.split(b"\0")
                if ours and role.encode() in words[:4]:
                    found.append(int(entry.name))
        return sorted(found)

    def all_pids(self) -> list[int]:
        """Every process that belongs to this desk."""
        found = []
        mark = f"HELPLINE_DATA={self.env['HELPLINE_DATA']}".encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
                except OSError:
                    continue
        return found

    def kill(self, role: str) -> None:
        """kill -9 of one process of a role: its oldest, the one that was started as the role."""
        found = self.pids(role)
        assert found, f"no {role} runs"
        os.kill(found[0], signal.SIGKILL)

    def call_and_speak(self, sample: str, caller: str, *, keys: str = "1") -> str:
        """A whole call: choose, leave a message instead of waiting for the team, hang up."""
        call = self.phones.call(caller, pace="caller")
        self.phones.press(call, keys, wait=30)
        self.phones.press(call, "1", wait=30)
        self.phones.speak(call, (SAMPLES / sample).read_bytes(), wait=30)
        self.phones.hang_up(call)
        return call

    def texts(self, number: str) -> list[str]:
        return [text["body"] for text in self.phones.texts(number)]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


@contextmanager
def running(folder: Path, **env: str) -> Iterator[Desk]:
    """A desk for as long as the block lasts; nothing of it is left afterwards. On PostgreSQL when the tests are."""
    with ExitStack() as stack:
        if databases.SERVER:
            name = f"helpline_smoke_{os.getpid()}_{time.monotonic_ns()}"
            env["DATABASE_URL"] = stack.enter_context(databases.made(name))
        yield from _running(folder, env)


def _running(folder: Path, env: dict[str, str]) -> Iterator[Desk]:
    desk = Desk(folder, **env)
    try:
        desk.wait_until_ready()
        yield desk
    finally:
        if desk.process.poll() is None:
            desk.process.send_signal(signal.SIGTERM)
            try:
                desk.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                desk.process.kill()
                desk.process.wait()
        until(lambda: not desk.all_pids(), within=20, what="every process is gone")
