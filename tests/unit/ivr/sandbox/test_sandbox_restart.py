"""kill -9 on the carrier itself: nothing that it took is lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from ivr.sandbox import store as store_module
from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxConfig, SandboxError
from ivr.sandbox.server import running
from ivr.sandbox.store import Store
from tests.unit.ivr.sandbox.sandbox_helpers import CLIENT, DESK, SAM, Application, eventually, words

PROGRAM = """
import sys
from pathlib import Path
from ivr.sandbox.config import SandboxConfig
from ivr.sandbox.server import serve
host, port, account, token, number, public_url, data = sys.argv[1:]
serve(SandboxConfig(host, int(port), account, token, number, public_url, Path(data), speed=20))
"""
ROOT = Path(__file__).parents[4]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return requests.get(url + "/healthz", timeout=1).ok
    except requests.ConnectionError:
        return False


@contextmanager
def process(config: SandboxConfig) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A sandbox as a process of its own."""
    port = free_port()
    arguments = [config.host, str(port), config.account_sid, config.auth_token, config.number, config.public_url]
    command = [sys.executable, "-c", PROGRAM, *arguments, str(config.data)]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}) as child:
        url = f"http://127.0.0.1:{port}"
        try:
            eventually(lambda: answers(url), seconds=15)
            yield child, url
        finally:
            child.kill()


def test_a_killed_carrier_keeps_texts_words_and_webhooks(application: Application, config: SandboxConfig) -> None:
    application.answers = {
        "/twilio/voice": '<Response><Record action="/done" recordingStatusCallback="/rec"/></Response>'
    }
    with process(config) as (child, url):
        phones = ControlClient(url)
        # Reports wait for two seconds, so that the kill comes before them.
        phones.behave(SAM, late=2)
        call = phones.call(CLIENT, pace="caller")
        phones.speak(call, words(2))
        eventually(lambda: phones.status(call)["doing"] == "recording")
        phones.text(CLIENT, "still here?")
        application.got("/twilio/sms")
        requests.post(
            f"{url}/2010-04-01/Accounts/{config.account_sid}/Messages.json",
            data={"To": SAM, "From": DESK, "Body": "#1042 down", "StatusCallback": application.url + "/st"},
            auth=(config.account_sid, config.auth_token),
            timeout=5,
        ).raise_for_status()
        eventually(lambda: phones.texts(SAM))
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=5)
    assert [hook.path for hook in application.hooks if hook.path in {"/rec", "/st", "/twilio/voice/status"}] == []

    with running(config) as url:
        recorded = application.got("/rec")[0].form
        ended = application.got("/twilio/voice/status")[0].form
        assert (recorded["CallSid"], recorded["RecordingStatus"], recorded["RecordingDuration"]) == (
            call,
            "completed",
            "2",
        )
        assert (ended["CallSid"], ended["CallStatus"]) == (call, "completed")
        assert {hook.form["MessageStatus"] for hook in application.got("/st", at_least=3)} == {
            "sending", "sent", "delivered",
        }  # fmt: skip
        assert [text["body"] for text in ControlClient(url).texts(SAM)] == ["#1042 down"]
        assert ControlClient(url).status(call)["status"] == "completed"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_cleanly(config: SandboxConfig, number: signal.Signals) -> None:
    with process(config) as (child, _url):
        child.send_signal(number)
        assert child.wait(timeout=10) == 0


def test_a_taken_port_and_a_strange_database_are_explained(
    config: SandboxConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        busy = replace(config, port=port)
        with pytest.raises(SandboxError, match=f"cannot listen on 127.0.0.1:{port}"), running(busy):
            pass
    Store(config.data).close()
    monkeypatch.setattr(store_module, "SCHEMA_VERSION", 99)
    with pytest.raises(SandboxError, match=r"sandbox.db was made by another version"):
        Store(config.data)


def test_a_killed_carrier_empties_its_rooms(application: Application, config: SandboxConfig) -> None:
    application.answers = {
        "/twilio/voice": '<Response><Dial><Conference waitUrl="" statusCallback="/room" '
        'statusCallbackEvent="leave end">1042</Conference></Dial></Response>'
    }
    with process(config) as (child, url):
        phones = ControlClient(url)
        callers = [phones.call(CLIENT, pace="real")]
        eventually(lambda: phones.status(callers[0])["doing"] == "holding")
        callers.append(phones.call(SAM, pace="real"))
        eventually(lambda: {phones.status(call)["doing"] for call in callers} == {"talking"})
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=5)
    assert [hook.path for hook in application.hooks if hook.path == "/room"] == []

    with running(config) as url:
        forms = [hook.form for hook in application.got("/room", at_least=3)]
        news = {(form["StatusCallbackEvent"], form.get("CallSid")) for form in forms}
        assert news == {
            ("participant-leave", callers[0]), ("participant-leave", callers[1]), ("conference-end", None),
        }  # fmt: skip
        phones = ControlClient(url)
        assert phones.rooms() == []
        assert [event.kind for event in phones.events(callers[0], wait=0)[0]][-3:] == ["talking", "left", "ended"]
        killed = phones.events(callers[0], wait=0)[0][-3].at
        assert phones.status(callers[0])["ended_at"] == killed
