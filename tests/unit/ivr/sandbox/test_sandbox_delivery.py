"""How one webhook travels, and the small pure parts of the carrier."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from flask import Response

from ivr.sandbox import twiml, wire
from ivr.sandbox.delivery import Overrides, Sender, WebhookFailed, signed_url, split_overrides
from tests.unit.ivr.sandbox.sandbox_helpers import TOKEN, Application


@pytest.mark.parametrize(
    ("url", "bare", "overrides"),
    [
        ("https://h/x?a=1", "https://h/x?a=1", Overrides()),
        ("https://h/x#rc=3&rp=all", "https://h/x", Overrides(retries=3, retry_on=frozenset({"all"}))),
        ("https://h/x#rp=4xx,5xx&rt=200", "https://h/x", Overrides(read=0.2, retry_on=frozenset({"4xx", "5xx"}))),
        ("https://h/x#ct=5&tt=99999&rc=9", "https://h/x", Overrides(connect=0.1, total=15.0, retries=5)),
        ("https://h/x#top", "https://h/x", Overrides()),
    ],
)
def test_the_fragment_holds_connection_overrides(url: str, bare: str, overrides: Overrides) -> None:
    assert split_overrides(url) == (bare, overrides)


@pytest.mark.parametrize(
    ("url", "voice", "signed"),
    [
        ("https://u:p@example.com:8443/v?x=1", True, "https://example.com/v?x=1"),
        ("https://u:p@example.com:8443/s", False, "https://example.com:8443/s"),
        ("http://example.com:8080/v", True, "http://example.com:8080/v"),
    ],
)
def test_the_signature_covers_the_address_by_the_vendors_port_rule(url: str, voice: bool, signed: str) -> None:
    assert signed_url(url, voice=voice) == signed


@pytest.mark.parametrize(
    ("fragment", "status", "attempts"),
    [
        ("", 500, 1),
        ("#rc=2&rp=5xx", 500, 3),
        ("#rc=2&rp=4xx", 500, 1),
        ("#rc=3&rp=all", 404, 4),
        ("#rc=0&rp=all", 500, 1),
    ],
)
def test_answers_that_fail_are_retried_only_when_the_address_says_so(
    application: Application, fragment: str, status: int, attempts: int
) -> None:
    application.answers = {"/st": lambda _form: Response("no", status=status)}
    with pytest.raises(WebhookFailed) as failed:
        Sender(TOKEN).send(application.url + "/st" + fragment, {"A": "1"}, token="same")
    assert failed.value.code == 11217
    assert len(application.hooks) == attempts
    assert {hook.headers["I-Twilio-Idempotency-Token"] for hook in application.hooks} == {"same"}
    assert all(hook.signed for hook in application.hooks)


@pytest.fixture
def hangs_up() -> Iterator[tuple[str, list[int]]]:
    """An address whose server takes every connection and closes it at once, and the list of connections."""
    taken: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        stop = threading.Event()

        def accept() -> None:
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.recv(4096)
                    taken.append(1)

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/x", taken
        stop.set()
        thread.join()


def test_a_connection_cut_short_is_not_retried_by_default(hangs_up: tuple[str, list[int]]) -> None:
    url, taken = hangs_up
    with pytest.raises(WebhookFailed) as failed:
        Sender(TOKEN).send(url, {"A": "1"})
    assert (failed.value.code, len(taken)) == (11200, 1)


def test_a_refused_connection_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(WebhookFailed) as failed:
        Sender(TOKEN).send(f"http://127.0.0.1:{port}/x", {"A": "1"})
    assert failed.value.code == 11205


def test_a_get_webhook_carries_and_signs_its_query(application: Application) -> None:
    Sender(TOKEN).send(application.url + "/hook?step=caf%C3%A9", {"CallSid": "CA1", "From": "+1903"}, method="GET")
    hook = application.hooks[0]
    assert (hook.method, hook.signed, hook.form) == ("GET", True, {"step": "café", "CallSid": "CA1", "From": "+1903"})


def test_redirects_in_a_circle_are_given_up(application: Application) -> None:
    application.answers = {"/a": lambda _form: Response(status=302, headers={"Location": "/a"})}
    with pytest.raises(WebhookFailed) as failed:
        Sender(TOKEN).send(application.url + "/a", {"A": "1"})
    assert failed.value.code == 11215


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2), ("я" * 70, 1),
        ("я" * 71, 2), ("я" * 134, 2), ("я" * 135, 3), ("😀" * 35, 1), ("😀" * 36, 2), ("a" * 152 + "€" + "a" * 152, 3),
        ("é" * 160, 1), ("ç" * 71, 2), ("’" * 71, 2),
    ],
)  # fmt: skip
def test_segments_are_counted_as_the_vendors_calculator_does(body: str, count: int) -> None:
    assert wire.segments(body) == count


def test_documents_are_read_strictly() -> None:
    found = twiml.parse(
        "<Response><Say voice='alice'> Hello\n  you </Say><Gather><Record/><Say>1</Say></Gather></Response>"
    )
    say, gather = found.verbs
    assert (say.text, say.attrs, [child.name for child in gather.children]) == (
        "Hello you",
        {"voice": "alice"},
        ["Say"],
    )
    assert found.warnings == ("Schema validation warning: <Record> may not stand in <Gather>; it was passed over.",)
    with pytest.raises(twiml.TwimlError, match="the root element is <Reply>, it has to be <Response>"):
        twiml.parse("<Reply/>")
