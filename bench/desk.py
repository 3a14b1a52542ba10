"""A helpline of its own for a measurement: real processes on free ports of the loopback, with a data folder that goes away."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.load import HOST
from ivr.settings import setting_names

ROOT = Path(__file__).resolve().parent.parent
STARTS_WITHIN = 60.0
STOPS_WITHIN = 15.0
#: A process as `running` gives it.
Process = subprocess.Popen[bytes]


class BenchError(Exception):
    """A measurement that cannot be made; the text says what is missing and where to look."""


@dataclass(frozen=True)
class Desk:
    """Where the measured helpline is: its folder, its ports, its API's token, the environment of its processes."""

    data: Path
    port: int
    sandbox_port: int
    api_token: str
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """The base address of web, which is also the public one."""
        return f"http://{HOST}:{self.port}"

    @property
    def sandbox_url(self) -> str:
        """The sandbox carrier."""
        return f"http://{HOST}:{self.sandbox_port}"

    def log(self, name: str) -> Path:
        """What the process `name` said."""
        return self.data / f"{name}.log"


@contextmanager
def temporary_desk() -> Iterator[Desk]:
    """A data folder with a migrated database, free ports, and the environment for them.

    Settings of whoever runs this do not leak in, but for the model (WHISPER_...); converted weights are shared with the
    folder HELPLINE_DATA names (`var`), so that no measurement begins with a conversion.
    """
    models = Path(os.environ.get("HELPLINE_DATA") or ROOT / "var").absolute() / "models"
    models.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="helpline-bench-") as folder:
        (Path(folder) / "models").symlink_to(models)
        port, sandbox_port = free_ports(2)
        token = secrets.token_hex(16)
        ours = {name for name in setting_names() if not name.startswith("WHISPER_")}
        environment = {name: value for name, value in os.environ.items() if name not in ours}
        environment |= {
            "HELPLINE_DATA": folder,
            "HOST": HOST,
            "PORT": str(port),
            "SANDBOX_PORT": str(sandbox_port),
            "HELPLINE_API_TOKEN": token,
            "FLOWS_DIR": str(_flows(Path(folder))),
            "PYTHONPATH": str(ROOT),
        }
        desk = Desk(Path(folder), port, sandbox_port, token, environment)
        _migrate(desk)
        yield desk


def _flows(folder: Path) -> Path:
    """The shipped files, but for incidents: callers who leave the same few samples are tickets of their own here."""
    made = folder / "flows"
    made.mkdir()
    for source in (ROOT / "flows").glob("*.yml"):
        words = source.read_text(encoding="utf-8")
        if source.name == "helpdesk.yml":
            words, found = re.subn(r"(?m)^incidents: \{window_minutes: \d+", "incidents: {window_minutes: 0", words)
            if not found:
                raise BenchError(f"{source} has no line that begins with `incidents: {{window_minutes: `")
        (made / source.name).write_text(words, encoding="utf-8")
    return made


def helpline(*words: str) -> tuple[str, ...]:
    """The command line of a helpline command."""
    return (sys.executable, "-m", "ivr", *words)


def _migrate(desk: Desk) -> None:
    done = subprocess.run(
        helpline("db", "upgrade"),
        env=dict(desk.environment),
        cwd=desk.data,
        capture_output=True,
        text=True,
        timeout=STARTS_WITHIN,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"`helpline db upgrade` failed:\n{done.stderr.strip()}")


def free_ports(count: int) -> list[int]:
    """So many free ports of the loopback, different ones."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((HOST, 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


@contextmanager
def running(desk: Desk, command: Sequence[str], *, log: str) -> Iterator[Process]:
    """A process of this desk until the end of the block; what it says goes to a file of the data folder."""
    # The data folder is the working folder, so no .env of the checkout is read.
    with desk.log(log).open("ab") as output:
        process = subprocess.Popen(
            command,
            env=dict(desk.environment),
            cwd=desk.data,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        try:
            yield process
        finally:
            _end(process)


def _end(process: Process) -> None:
    """SIGTERM, and after a while SIGKILL for it and what is left of its group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOPS_WITHIN)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(url: str, process: Process, log: Path, *, within: float = STARTS_WITHIN) -> None:
    """Return when `url` answers 200. Raises BenchError, with the end of the log, when the process ends or time is up."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + within
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError), opener.open(url, timeout=2):
            return
        time.sleep(0.1)
    raise BenchError(f"{url} does not answer. The last lines of {log.name}:\n{_tail(log)}")


def wait_for_words(words: str, process: Process, log: Path, *, within: float) -> None:
    """Return when the log holds `words`. Raises BenchError as `wait_for` does."""
    until = time.monotonic() + within
    while process.poll() is None and time.monotonic() < until:
        if words in log.read_text(encoding="utf-8", errors="replace"):
            return
        time.sleep(0.1)
    raise BenchError(f"no '{words}' in {log.name}. Its last lines:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def load_average() -> str:
    """How busy the machine is, for a table: a measurement beside other work says less."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
