"""Our carrier over HTTP: the real client against the sandbox, and servers that misbehave."""

import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ivr.carrier.base import CarrierError, NotThere
from ivr.carrier.twilio import TwilioCarrier
from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxConfig
from ivr.sandbox.server import running
from tests.world import DESK, SAM
from tickets.outbox import NotSent, OutcomeUnknown, Refusal, TextRefused

ACCOUNT = "AC" + "5" * 32


def carrier_at(url: str, timeout: float = 5.0) -> TwilioCarrier:
    return TwilioCarrier(
        account_sid=ACCOUNT,
        auth_token="secret",
        api_url=url,
        number=DESK,
        status_callback="http://127.0.0.1:9/twilio/sms/status",
        timeout=timeout,
    )


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[str]:
    config = SandboxConfig("127.0.0.1", 0, ACCOUNT, "secret", DESK, "http://127.0.0.1:9", tmp_path, speed=50)
    with running(config) as url:
        yield url


def test_a_text_is_handed_over_and_found_again(sandbox: str) -> None:
    carrier = carrier_at(sandbox)
    before = datetime.now(UTC)
    handed = carrier.send_text(to=SAM, body="URGENT 1042: water & fire")
    assert handed.status == "queued"
    found = carrier.find_texts(to=SAM, body="URGENT 1042: water & fire", since=before)
    assert [one.sid for one in found] == [handed.sid]
    assert carrier.find_texts(to=SAM, body="URGENT 1042: water", since=before) == []
    assert carrier.find_texts(to=DESK, body="URGENT 1042: water & fire", since=before) == []
    assert carrier.find_texts(to=SAM, body="URGENT 1042: water & fire", since=before + timedelta(minutes=5)) == []
    assert [text["body"] for text in ControlClient(sandbox).texts(SAM, wait=5)] == ["URGENT 1042: water & fire"]


def test_texts_to_the_desk_are_listed(sandbox: str) -> None:
    phones, began = ControlClient(sandbox), datetime.now(UTC) - timedelta(seconds=2)
    sid = phones.text("+19035550147", "our server is down")
    carrier_at(sandbox).send_text(to=SAM, body="x")
    (text,) = carrier_at(sandbox).texts_since(began)
    assert (text.sid, text.from_number, text.body) == (sid, "+19035550147", "our server is down")
    assert carrier_at(sandbox).texts_since(datetime.now(UTC) + timedelta(minutes=5)) == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (21610, Refusal.OPTED_OUT),
        (21211, Refusal.PERMANENT),
        (21614, Refusal.PERMANENT),
        (21606, Refusal.CONFIG),
        (20429, Refusal.RETRY),
    ],
)
def test_a_refusal_is_understood(sandbox: str, code: int, kind: Refusal) -> None:
    ControlClient(sandbox).behave(SAM, refuse=code)
    with pytest.raises(TextRefused) as refused:
        carrier_at(sandbox).send_text(to=SAM, body="x")
    assert (refused.value.kind, refused.value.code) == (kind, str(code))


def test_a_server_error_is_an_unknown_outcome_that_was_answered(sandbox: str) -> None:
    ControlClient(sandbox).behave(SAM, refuse=20500)
    with pytest.raises(OutcomeUnknown) as unknown:
        carrier_at(sandbox).send_text(to=SAM, body="x")
    assert unknown.value.answered


def test_a_slow_answer_is_an_unknown_outcome_and_the_text_is_there(sandbox: str) -> None:
    ControlClient(sandbox).behave(SAM, slow_post=3)
    began = datetime.now(UTC)
    with pytest.raises(OutcomeUnknown) as unknown:
        carrier_at(sandbox, timeout=0.5).send_text(to=SAM, body="x")
    assert not unknown.value.answered
    assert len(carrier_at(sandbox).find_texts(to=SAM, body="x", since=began)) == 1


def test_a_carrier_that_is_not_there_never_got_it() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(NotSent):
            carrier_at(url).send_text(to=SAM, body="x")
        with pytest.raises(CarrierError):
            carrier_at(url).call("CA1")
        with pytest.raises(CarrierError), carrier_at(url).open_recording("RE1"):
            pass


def test_a_wrong_token_may_be_one_that_is_being_rotated(sandbox: str) -> None:
    carrier = TwilioCarrier(
        account_sid=ACCOUNT, auth_token="wrong", api_url=sandbox, number=DESK, status_callback="http://127.0.0.1:9/"
    )
    with pytest.raises(TextRefused) as refused:
        carrier.send_text(to=SAM, body="x")
    assert refused.value.kind is Refusal.RETRY
    assert "wrong" not in str(refused.value)


def test_the_number_and_what_is_not_there(sandbox: str) -> None:
    carrier = carrier_at(sandbox)
    info = carrier.number_info(DESK)
    assert info is not None
    assert info.voice_url == "http://127.0.0.1:9/twilio/voice"
    assert carrier.number_info("+15005550000") is None
    with pytest.raises(NotThere):
        carrier.call("CA" + "0" * 32)
    assert carrier.recordings_of("CA" + "0" * 32) == []
    assert carrier.recordings_since(datetime.now(UTC) - timedelta(days=1)) == []
    with pytest.raises(NotThere), carrier.open_recording("RE" + "0" * 32):
        pass
    carrier.delete_recording("RE" + "0" * 32)


Answer = Callable[[BaseHTTPRequestHandler], None]
Ask = Callable[[TwilioCarrier], object]


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that answers every GET with `answer`; gives its address and the headers of what it was asked."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({"path": self.path, **{key.lower(): value for key, value in self.headers.items()}})
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sound(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "audio/x-wav")
    handler.send_header("Content-Length", "4")
    handler.end_headers()
    handler.wfile.write(b"RIFF")


def test_a_redirect_is_followed_without_credentials() -> None:
    with serving(sound) as (elsewhere, asked_there):

        def redirect(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(307)
            handler.send_header("Location", f"{elsewhere}/signed?x=1")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        with serving(redirect) as (url, asked_here), carrier_at(url).open_recording("RE1") as media:
            assert b"".join(media.chunks) == b"RIFF"
    assert asked_here[0]["path"] == f"/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE1.wav"
    assert asked_here[0]["authorization"].startswith("Basic ")
    assert asked_there[0]["path"] == "/signed?x=1"
    assert "authorization" not in asked_there[0]


def redirect_to(target: str, status: int = 307) -> Answer:
    def redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return redirect


def test_a_picture_is_asked_for_by_its_ids_and_the_signed_address_gets_no_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login admin password of-the-machine\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with (
        serving(sound) as (elsewhere, asked_there),
        serving(redirect_to(f"{elsewhere}/signed?x=1")) as (url, asked_here),
        carrier_at(url).open_picture("MM/1", "ME1?x") as media,
    ):
        assert (media.content_type, b"".join(media.chunks)) == ("audio/x-wav", b"RIFF")
    assert asked_here[0]["path"] == f"/2010-04-01/Accounts/{ACCOUNT}/Messages/MM%2F1/Media/ME1%3Fx"
    assert asked_here[0]["authorization"] == "Basic " + b64encode(f"{ACCOUNT}:secret".encode()).decode()
    assert asked_there[0]["path"] == "/signed?x=1"
    assert "authorization" not in asked_there[0]


def test_a_circle_of_redirects_ends_and_no_credentials_go_round() -> None:
    with (
        serving(redirect_to("/again")) as (url, asked),
        pytest.raises(CarrierError, match="307"),
        carrier_at(url).open_picture("MM1", "ME1"),
    ):
        pass
    assert [one["path"] for one in asked[1:]] == ["/again"] * 3
    assert ["authorization" in one for one in asked] == [True, False, False, False]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://", "//"])
def test_a_redirect_to_nowhere_is_an_error_that_may_pass(target: str) -> None:
    with (
        serving(redirect_to(target)) as (url, _),
        pytest.raises(CarrierError) as error,
        carrier_at(url).open_picture("MM1", "ME1"),
    ):
        pass
    assert not isinstance(error.value, NotThere)


@pytest.mark.parametrize("status", [404, 410])
def test_a_picture_that_is_not_there(status: int) -> None:
    def gone(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with serving(gone) as (url, asked):
        with pytest.raises(NotThere), carrier_at(url).open_picture("MM1", "ME1"):
            pass
        for message, sid in (("MM1", ".."), ("..", "ME1"), ("MM1", "")):
            with pytest.raises(NotThere), carrier_at(url).open_picture(message, sid):
                pass
    assert len(asked) == 1  # ids of nothing but dots would lead to another address


def test_a_picture_that_is_a_page_is_handed_on_as_it_is() -> None:
    with serving(log_in) as (url, _), carrier_at(url).open_picture("MM1", "ME1") as media:
        assert media.content_type == "text/html"
        assert b"".join(media.chunks).startswith(b"<html>")


def test_a_picture_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.carrier.twilio.PICTURE_WITHIN", -1.0)
    with (
        serving(sound) as (url, _),
        pytest.raises(CarrierError, match="took longer"),
        carrier_at(url).open_picture("MM1", "ME1") as media,
    ):
        b"".join(media.chunks)


def test_pictures_are_counted_in_the_list_of_texts_and_named_when_asked_for(sandbox: str) -> None:
    phones, began = ControlClient(sandbox), datetime.now(UTC) - timedelta(seconds=2)
    sid = phones.text(
        "+19035550147", "look", media=[("a.png", b"\x89PNG\r\n\x1a\n", "image/png"), ("b.txt", b"two", "text/plain")]
    )
    carrier = carrier_at(sandbox)
    (text,) = carrier.texts_since(began)
    assert (text.sid, text.media) == (sid, (("", ""), ("", "")))
    (kind, picture), (other, _) = carrier.pictures_of(sid)
    assert (kind, other) == ("image/png", "text/plain")
    with carrier.open_picture(sid, picture) as media:
        assert b"".join(media.chunks) == b"\x89PNG\r\n\x1a\n"
    with pytest.raises(NotThere):
        carrier.pictures_of("MM" + "0" * 32)


def test_a_download_that_breaks_off_is_an_error_and_not_a_short_recording() -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"RIFF")
        handler.close_connection = True

    with serving(cut) as (url, _), pytest.raises(CarrierError), carrier_at(url).open_recording("RE1") as media:
        b"".join(media.chunks)


def log_in(handler: BaseHTTPRequestHandler) -> None:
    page = b"<html>Log in to the hotel network</html>"
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", str(len(page)))
    handler.end_headers()
    handler.wfile.write(page)


@pytest.mark.parametrize(
    "ask",
    [
        lambda carrier: carrier.call("CA1"),
        lambda carrier: carrier.recordings_of("CA1"),
        lambda carrier: carrier.recordings_since(datetime.now(UTC)),
        lambda carrier: carrier.texts_since(datetime.now(UTC)),
    ],
    ids=["call", "recordings of a call", "recordings", "texts"],
)
def test_a_proxy_that_answers_in_the_carriers_place_is_an_error_that_may_pass(ask: Ask) -> None:
    with serving(log_in) as (url, _), pytest.raises(CarrierError) as error:
        ask(carrier_at(url))
    assert not isinstance(error.value, NotThere)


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_other_answers_are_errors_that_may_pass(status: int) -> None:
    def refuse(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with serving(refuse) as (url, _), pytest.raises(CarrierError) as error, carrier_at(url).open_recording("RE1"):
        pass
    assert not isinstance(error.value, NotThere)
