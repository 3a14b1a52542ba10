"""A helpline of its own for a measurement: real processes on free ports of the loopback, with a data folder that goes away."""

import os
import secrets
import shutil
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


class BenchError(Exception):
    """A measurement that cannot be made; the text says what is missing and where to look."""


@dataclass(frozen=True)
class Desk:
    """Where the measured helpline is: its folder, its ports, the environment of its processes, its secrets."""

    data: Path
    port: int
    sandbox_port: int
    api_token: str
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """The base address of web, which is also the public one."""
        return f"http://{HOST}:{self.port}"


@contextmanager
def temporary_desk(**settings: str) -> Iterator[Desk]:
    """A data folder, free ports, and the environment for them. Settings of the person who runs this do not leak in,
    but for the model (WHISPER_...), which may stand in the environment. The database is migrated."""
    with tempfile.TemporaryDirectory(prefix="helpline-bench-") as folder:
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
            "FLOWS_DIR": str(ROOT / "flows"),
            "PYTHONPATH": str(ROOT),
            **settings,
        }
        desk = Desk(Path(folder), port, sandbox_port, token, environment)
        _migrate(desk)
        yield desk


def helpline(*words: str) -> tuple[str, ...]:
    """The command line of a helpline command."""
    return (sys.executable, "-m", "ivr", *words)


def _migrate(desk: Desk) -> None:
    done = subprocess.run(
        helpline("db", "upgrade"), env=desk.environment, cwd=desk.data, capture_output=True, text=True, timeout=60
    )
    if done.returncode:
        raise BenchError(f"`helpline db upgrade` failed:\n{done.stderr.strip()}")


def free_ports(count: int) -> list[int]:
    """So many free ports of the loopback, different ones."""
    with_sockets = [socket.socket() for _ in range(count)]
    try:
        for one in with_sockets:
            one.bind((HOST, 0))
        return [int(one.getsockname()[1]) for one in with_sockets]
    finally:
        for one in with_sockets:
            one.close()


@contextmanager
def running(desk: Desk, command: Sequence[str], *, log: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of this desk until the end of the block; what it says goes to a file of the data folder."""
    # The data folder is the working folder, so no .env of the checkout is read.
    with (desk.data / f"{log}.log").open("ab") as output:
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


def _end(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM, and after a while SIGKILL for it and what it started."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOPS_WITHIN)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path, *, within: float = STARTS_WITHIN) -> None:
    """Return when `url` answers 200. Raises BenchError, with the last lines of the log, when the process ends or time is up."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + within
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError), opener.open(url, timeout=2):
            return
        time.sleep(0.1)
    raise BenchError(f"{url} does not answer. The last lines of {log.name}:\n{tail(log)}")


def wait_for_words(log: Path, words: str, process: "subprocess.Popen[bytes]", *, within: float) -> None:
    """Return when the log holds `words`. Raises BenchError as `wait_for` does."""
    until = time.monotonic() + within
    while process.poll() is None and time.monotonic() < until:
        if words in log.read_text(encoding="utf-8", errors="replace"):
            return
        time.sleep(0.1)
    raise BenchError(f"no '{words}' in {log.name}. Its last lines:\n{tail(log)}")


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log, for a message."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def peak_megabytes(process_id: int) -> float:
    """The most memory that this process ever held, in MB of 1,000,000 bytes (VmHWM: resident, shared pages counted in full)."""
    for line in Path(f"/proc/{process_id}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise BenchError(f"process {process_id} has ended, its memory cannot be read")


def processor_seconds(process_id: int) -> float:
    """The processor time that this process and what it started have used up to now (ended children not counted)."""
    used = 0
    for one in (process_id, *descendants(process_id)):
        # The name in parentheses may hold anything; user and system time are the 14th and 15th field.
        fields = Path(f"/proc/{one}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


def descendants(process_id: int) -> dict[int, str]:
    """The processes below this one, with their command lines."""
    found: dict[int, str] = {}
    for children in Path(f"/proc/{process_id}/task").glob("*/children"):
        with suppress(OSError):
            for child in (int(word) for word in children.read_text(encoding="ascii").split()):
                command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                found |= {child: command.strip(), **descendants(child)}
    return found


def models(desk: Desk, cache: Path | None) -> None:
    """Use an existing cache of converted weights: a link, so that a measurement does not begin with a conversion."""
    if cache is not None and cache.is_dir():
        shutil.rmtree(desk.data / "models", ignore_errors=True)
        (desk.data / "models").symlink_to(cache.resolve())
