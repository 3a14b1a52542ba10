"""`helpline up`: the processes stay up, go down together, and are explained to the person at the terminal."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr import supervisor as module
from ivr import up as up_module
from ivr.readable import parse, prefixed, readable
from ivr.settings import Settings, load_settings
from ivr.supervisor import Event, Role, Supervisor, how_it_ended, next_pause
from ivr.up import UpError, roles, run_up, what_next

ROOT = Path(__file__).parents[3]
SAY_HERE = "import json, os, time; print(json.dumps({'event': 'here', 'pid': os.getpid()}), flush=True);"
STAY = SAY_HERE + "time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + STAY
ORPHANABLE = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); from ivr.lifeline import watch_parent; watch_parent();" + STAY
)


def role(label: str, code: str, *, essential: bool = True, stops_last: bool = False) -> Role:
    return Role(label, (sys.executable, "-c", code), essential=essential, stops_last=stops_last)


def until(condition: Callable[[], bool], within: float = 30.0) -> bool:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def nothing(_terminal: "Terminal", _label: str, _event: Event) -> None:
    """The person only watches."""


class Terminal:
    """What a person sees of a supervisor, and when they act; they stop it when they read `until`."""

    def __init__(
        self, *given: Role, act: Callable[["Terminal", str, Event], None] = nothing, until: str = "\0"
    ) -> None:
        self.lines: list[str] = []
        self.events: list[tuple[str, Event]] = []
        self._act = act
        self._until = until
        self.supervisor = Supervisor(given, say=self._read, colour=False, on_event=self._hear)

    def _read(self, line: str) -> None:
        self.lines.append(" ".join(line.split()))
        if self._until in line:
            self.supervisor.stop()

    def _hear(self, label: str, event: Event) -> None:
        self.events.append((label, event))
        self._act(self, label, event)


def test_a_killed_role_is_started_again_and_the_others_go_on() -> None:
    def act(terminal: Terminal, label: str, event: Event) -> None:
        heard = [name for name, _ in terminal.events]
        if heard.count("clock") == 1 and label == "clock":
            os.kill(event["pid"], signal.SIGKILL)
        if heard.count("clock") == 2 and heard.count("web") == 1:
            terminal.supervisor.stop()

    terminal = Terminal(role("web", STAY), role("clock", STAY), act=act)

    assert terminal.supervisor.run() == 0
    assert [line.split(" | ")[1] for line in terminal.lines if "ended" in line] == [
        "clock ended (killed by SIGKILL); starting it again in 1 s"
    ]
    assert all(gone(event["pid"]) for _, event in terminal.events)


def test_a_signal_stops_all_the_broker_last_and_the_stubborn_by_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOPS_WITHIN", 0.5)

    def act(terminal: Terminal, _label: str, _event: Event) -> None:
        if len(terminal.events) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    says_goodbye = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye')));" + STAY
    terminal = Terminal(
        role("broker", says_goodbye, stops_last=True), role("web", says_goodbye), role("deaf", STUBBORN), act=act
    )

    assert terminal.supervisor.run() == 0
    assert all(gone(event["pid"]) for _, event in terminal.events)
    told = [line for line in terminal.lines if "here" not in line]
    assert told == [
        "helpline | stopping ...",
        "web | bye",
        "helpline | deaf does not stop by itself; ending it.",
        "broker | bye",
        "helpline | stopped.",
    ]


def test_a_role_that_cannot_run_ends_up_with_its_exit_code() -> None:
    terminal = Terminal(
        role("web", "import sys; print('Error: PORT is wrong', file=sys.stderr); sys.exit(2)"),
        role("clock", STAY),
    )

    assert terminal.supervisor.run() == 2
    told = terminal.lines
    assert told.index("web | Error: PORT is wrong") < told.index("helpline | web cannot run (see above); stopping.")


def test_without_weights_the_desk_goes_on() -> None:
    transcriber = role("transcriber", "raise SystemExit(2)", essential=False)
    terminal = Terminal(transcriber, role("web", STAY), until="transcriber ended")

    assert terminal.supervisor.run() == 0
    assert "helpline | transcriber ended (exit code 2); starting it again in 10 s" in terminal.lines


def test_nobody_is_left_behind_when_the_supervisor_is_killed() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from ivr.supervisor import Role, Supervisor;"
        f"code = {ORPHANABLE!r}; role = lambda name: Role(name, (sys.executable, '-c', code));"
        "Supervisor([role('web'), role('clock')], say=print, colour=False,"
        " on_event=lambda label, event: print(f\"PID {event['pid']}\", flush=True)).run()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    children: list[int] = []
    while len(children) < 2:
        line = parent.stdout.readline()
        if line.startswith("PID "):
            children.append(int(line.split()[1]))

    parent.kill()
    parent.wait()

    assert until(lambda: all(gone(pid) for pid in children), within=10)
    parent.stdout.close()


def test_a_role_whose_parent_is_gone_already_does_not_start() -> None:
    environment = {**os.environ, "HELPLINE_PARENT_PID": "1"}

    child = subprocess.run(
        [sys.executable, "-c", ORPHANABLE], env=environment, capture_output=True, check=False, timeout=30
    )

    assert (child.returncode, child.stdout) == (1, b"")


def test_pauses_grow_to_ten_seconds_and_start_anew_after_health() -> None:
    pauses = [0.0]
    for _ in range(6):
        pauses.append(next_pause(pauses[-1], ran_for=0.5))

    assert pauses[1:] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert next_pause(10.0, ran_for=31.0) == 1.0


def test_ends_are_told_in_words() -> None:
    assert [how_it_ended(code) for code in (0, 3, -9, -15, -200)] == [
        "exit code 0",
        "exit code 3",
        "killed by SIGKILL",
        "killed by SIGTERM",
        "killed by signal 200",
    ]


def test_json_lines_become_readable_and_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Chicago")
    time.tzset()
    line = json.dumps(
        {
            "timestamp": "2026-11-23T20:05:11.123456Z",
            "level": "warning",
            "role": "worker",
            "logger": "ivr.jobs",
            "event": "page not sent",
            "ticket": 1042,
            "error": "no answer",
            "exception": "Traceback:\n  line 1",
        }
    )

    event = parse(line)

    assert event is not None
    assert prefixed("worker.1", readable(event, colour=False), width=11, place=0, colour=False) == (
        'worker.1    | 14:05:11 warning: page not sent ticket=1042 error="no answer"\n'
        "worker.1    | Traceback:\n"
        "worker.1    |   line 1"
    )
    assert [parse(text) for text in ("plain", "{broken", '{"no": "event"}', "[1]")] == [None, None, None, None]


def settings(data: Path, **env: str) -> Settings:
    return load_settings({"HELPLINE_DATA": str(data), **env}, dotenv=None)


def labels(given: Settings) -> list[str]:
    return [one.label for one in roles(given)]


def test_what_has_to_run_depends_on_the_settings(tmp_path: Path) -> None:
    rest = ["web", "worker.1", "worker.2", "transcriber", "clock"]
    account = {"TWILIO_ACCOUNT_SID": "ACdesk", "TWILIO_AUTH_TOKEN": "t0ken"}

    assert labels(settings(tmp_path)) == ["broker", "sandbox", *rest]
    assert labels(settings(tmp_path, REDIS_URL="redis://cache", **account)) == rest
    assert labels(settings(tmp_path, TWILIO_API_URL="http://127.0.0.1:9999")) == ["broker", *rest]


def test_the_newcomer_is_told_how_to_place_the_first_call(tmp_path: Path) -> None:
    assert what_next(settings(tmp_path), ".venv/bin/helpline", model_ready=False) == (
        "helpline is up: http://127.0.0.1:8000\n"
        f"  data         {tmp_path}\n"
        "  carrier      the sandbox on http://127.0.0.1:8001 (no account needed)\n"
        "  next, in a second terminal:\n"
        "    .venv/bin/helpline phone           call +19036892004 from your keyboard\n"
        "    .venv/bin/helpline phone --demo    watch a whole story: call, voicemail, ticket, page, ACK\n"
        "    .venv/bin/helpline tickets         what the desk sees\n"
        "  words        Whisper base is loading; voicemails that come earlier wait for it\n"
        "  Ctrl-C stops everything"
    )


def test_the_operator_is_told_which_addresses_to_configure(tmp_path: Path) -> None:
    real = settings(
        tmp_path, TWILIO_ACCOUNT_SID="ACdesk", TWILIO_AUTH_TOKEN="t0ken", PUBLIC_URL="https://help.example.com/desk"
    )

    text = what_next(real, "helpline", model_ready=True)

    assert (
        "  next, set for +19036892004 (all POST):\n"
        "    A call comes in      https://help.example.com/desk/twilio/voice\n"
        "    Call status changes  https://help.example.com/desk/twilio/voice/status\n"
        "    A message comes in   https://help.example.com/desk/twilio/sms\n"
        "    helpline doctor          compares them with the carrier's own configuration\n"
        "  words        Whisper base is in memory\n"
    ) in text


def test_a_port_in_use_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up_module, "FREE_WITHIN", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(UpError) as caught:
            run_up(settings(tmp_path, PORT=str(port)))

    assert str(caught.value) == (
        f"PORT: cannot listen on 127.0.0.1 port {port} (Address already in use). "
        "Stop what listens there, or set PORT to a free port."
    )


def test_an_address_of_another_machine_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(UpError, match=r"Set HOST to an address of this machine, for example 127\.0\.0\.1\.$"):
        run_up(settings(tmp_path, HOST="192.0.2.1"))


@pytest.mark.smoke
def test_up_survives_a_killed_role_runs_once_and_leaves_nobody_behind(tmp_path: Path) -> None:
    web, carrier = free_ports()
    environment = {
        **{
            name: value for name, value in os.environ.items() if not name.startswith(("TWILIO", "HELPLINE", "DATABASE"))
        },
        "HELPLINE_DATA": str(tmp_path / "var"),
        "PORT": str(web),
        "SANDBOX_PORT": str(carrier),
        "FLOWS_DIR": str(ROOT / "flows"),
    }
    command = [sys.executable, "-m", "ivr", "up"]
    with (tmp_path / "out").open("w") as out:
        up = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        shown = (tmp_path / "out").read_text
        assert until(lambda: f"helpline is up: http://127.0.0.1:{web}" in shown(), within=60), shown()

        second = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert (second.returncode, second.stderr) == (
            2,
            f"Error: helpline already runs on {tmp_path}/var (process {up.pid}). "
            "Stop it first, or set HELPLINE_DATA to another folder.\n",
        )

        clock = next(pid for pid in children_of(up.pid) if "clock" in command_of(pid))
        os.kill(clock, signal.SIGKILL)
        assert until(lambda: shown().count("clock ready") == 2), shown()

        family = descendants_of(up.pid)
        assert len(family) >= 8
    finally:
        up.kill()
        up.wait()
    assert until(lambda: all(gone(pid) for pid in family), within=15), [
        command_of(pid) for pid in family if not gone(pid)
    ]


def free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except FileNotFoundError:
        return ""


def children_of(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            found.append(int(folder.name))
    return found


def descendants_of(pid: int) -> list[int]:
    family = children_of(pid)
    return family + [grandchild for child in family for grandchild in descendants_of(child)]
