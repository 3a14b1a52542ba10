"""The embedded broker, as a real process with a real server."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from ivr.broker import answers, server_command
from ivr.settings import load_settings

ROOT = Path(__file__).parents[3]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start `helpline broker` on a data folder; what a test leaves running is ended."""
    started: list[subprocess.Popen[str]] = []

    def broker(data: Path, **env: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "HELPLINE_DATA": str(data), "REDIS_URL": "", **env}
        process = subprocess.Popen(
            [sys.executable, "-m", "ivr", "broker"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield broker
    for process in started:
        process.kill()
        process.communicate()


def until(condition: Callable[[], bool], within: float = 20.0) -> bool:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def url_of(data: Path) -> str:
    return load_settings({"HELPLINE_DATA": str(data)}, dotenv=None).broker_url


def server_of(data: Path) -> tuple[int, str]:
    with redis.Redis.from_url(url_of(data), decode_responses=True) as client:
        info: dict[str, int] = client.info("server")
        return info["process_id"], str(client.config_get("save")["save"])


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_it_serves_this_user_only_and_keeps_nothing_on_disk(tmp_path: Path, start: Start) -> None:
    data = tmp_path / "a data folder"
    broker = start(data)
    assert until(lambda: answers(url_of(data)))

    socket = data / "broker.sock"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert "--port 0 " in " ".join(server_command(socket, data))
    pid, save = server_of(data)
    assert save == ""

    broker.send_signal(signal.SIGTERM)

    assert broker.wait(10) == 0
    assert gone(pid)
    assert sorted(path.name for path in data.iterdir()) == ["broker.lock", "sandbox.json", "secret_key"]


def test_the_server_does_not_outlive_a_killed_broker_and_the_next_one_takes_over(tmp_path: Path, start: Start) -> None:
    broker = start(tmp_path)
    assert until(lambda: answers(url_of(tmp_path)))
    pid, _ = server_of(tmp_path)

    broker.kill()

    assert until(lambda: gone(pid))
    assert (tmp_path / "broker.sock").exists()
    start(tmp_path)
    assert until(lambda: answers(url_of(tmp_path)))
    assert server_of(tmp_path)[0] != pid


def test_a_server_left_behind_is_ended_first(tmp_path: Path, start: Start) -> None:
    load_settings({"HELPLINE_DATA": str(tmp_path)}, dotenv=None)
    left_behind = subprocess.Popen(server_command(tmp_path / "broker.sock", tmp_path), stdout=subprocess.DEVNULL)
    assert until(lambda: answers(url_of(tmp_path)))

    start(tmp_path)

    assert left_behind.wait(20) == 0
    assert until(lambda: answers(url_of(tmp_path)) and server_of(tmp_path)[0] != left_behind.pid)


def test_one_broker_per_data_folder(tmp_path: Path, start: Start) -> None:
    first = start(tmp_path)
    assert until(lambda: answers(url_of(tmp_path)))

    second = start(tmp_path)

    assert second.wait(20) == 2
    assert second.stderr is not None
    assert second.stderr.read() == (
        f"Error: A broker already runs on {tmp_path} (process {first.pid}). "
        "Stop it, or set HELPLINE_DATA to another folder\n"
    )


def test_with_redis_there_is_nothing_to_run(tmp_path: Path, start: Start) -> None:
    broker = start(tmp_path, REDIS_URL="redis://127.0.0.1:1/0")

    assert broker.wait(20) == 0
    assert broker.stderr is not None
    assert broker.stderr.read() == "REDIS_URL is set: that server is used, and there is no embedded broker to run.\n"


def test_a_long_path_works_too(tmp_path: Path, start: Start) -> None:
    data = tmp_path / ("long-name-" * 10)
    broker = start(data)
    assert until(lambda: answers(url_of(data)))
    socket = load_settings({"HELPLINE_DATA": str(data)}, dotenv=None).broker_socket
    assert socket.parent.parent == Path("/tmp")
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700

    broker.send_signal(signal.SIGTERM)

    assert broker.wait(10) == 0
    socket.parent.rmdir()


def test_nothing_answers_where_nothing_listens(tmp_path: Path) -> None:
    assert not answers(f"unix://{tmp_path}/broker.sock")
    assert not answers("redis://127.0.0.1:1/0", within=0.5)
