"""The queue on a real server: hints go in once, are found again, and a server that is gone harms nobody."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.broker import answers
from ivr.queue import ORDINARY, TRANSCRIBE, URGENT, BrokerDown, JobQueue, job_id
from ivr.settings import load_settings

HELPLINE = Path(sys.executable).parent / "helpline"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """An embedded broker in a folder of its own."""
    env = {**os.environ, "HELPLINE_DATA": str(tmp_path)}
    url = load_settings({"HELPLINE_DATA": str(tmp_path)}, dotenv=None).broker_url
    process = subprocess.Popen([str(HELPLINE), "broker"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 15
    while not answers(url) and time.monotonic() < end:
        time.sleep(0.05)
    yield url, process
    process.terminate()
    process.wait(timeout=10)


def test_work_is_queued_by_its_kind_and_found_again(broker: tuple[str, subprocess.Popen[bytes]]) -> None:
    queue = JobQueue(broker[0])
    queue.check()
    queue.hint([("send-text", 1, 0), ("transcribe", 2, 0), ("fetch-recording", 3, 2)])
    assert queue.queued() == {job_id("send-text", 1, 0), job_id("transcribe", 2, 0), job_id("fetch-recording", 3, 2)}
    assert queue.lengths() == {URGENT: 1, ORDINARY: 1, TRANSCRIBE: 1}


def test_what_is_due_in_a_moment_is_queued_then_and_once(broker: tuple[str, subprocess.Popen[bytes]]) -> None:
    queue = JobQueue(broker[0])
    began = time.monotonic()
    for _ in range(3):
        queue.hint_in(0.3, ("send-text", 1, 0))
    while not queue.queued() and time.monotonic() < began + 15:
        time.sleep(0.01)
    assert time.monotonic() - began >= 0.3
    time.sleep(0.3)
    assert queue.lengths()[URGENT] == 1


def test_a_server_that_is_gone_is_reported_and_hints_never_raise(broker: tuple[str, subprocess.Popen[bytes]]) -> None:
    url, process = broker
    queue = JobQueue(url)
    process.terminate()
    process.wait(timeout=10)
    began = time.monotonic()
    for _ in range(50):
        queue.hint([("send-text", 1, 0)])
    assert time.monotonic() - began < 5
    for ask in (queue.check, queue.queued, queue.lengths, lambda: queue.put([("send-text", 1, 0)])):
        with pytest.raises(BrokerDown, match="Redis does not answer"):
            ask()


@pytest.mark.parametrize("with_broker", [True, False], ids=["idle", "waiting for the broker"])
def test_a_worker_stops_when_it_is_asked(broker: tuple[str, subprocess.Popen[bytes]], with_broker: bool) -> None:
    url, process = broker
    if not with_broker:
        process.terminate()
        process.wait(timeout=10)
    code = f"from ivr.queue import work; print('ready', flush=True); work({url!r}, ['helpline-urgent'])"
    root = Path(__file__).parents[3]
    worker = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    time.sleep(1.5)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=5) == 0
    worker.stdout.close()
