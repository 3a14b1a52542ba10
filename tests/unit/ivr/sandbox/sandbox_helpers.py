"""A small application that answers webhooks, and short ways to say things in the tests of the sandbox."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from flask import Flask, Response, request
from twilio.request_validator import RequestValidator
from werkzeug.serving import make_server

from ivr.sandbox import audio
from ivr.sandbox.client import CallEvent, ControlClient

ACCOUNT = "AC" + "0" * 32
TOKEN = "sandbox-token"
DESK = "+19036892004"
CLIENT = "+19035550147"
SAM = "+19035550101"
UNSUBSCRIBED = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
RESUBSCRIBED = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)


@dataclass
class Hook:
    """One webhook as the application got it."""

    path: str
    form: dict[str, str]
    headers: dict[str, str]
    signed: bool
    method: str


@dataclass
class Application:
    """A tiny application: `answers` maps paths to TwiML, a Response, or a function of the form that gives either."""

    url: str = ""
    answers: dict[str, object] = field(default_factory=dict)
    hooks: list[Hook] = field(default_factory=list)

    def got(self, path: str, *, at_least: int = 1, seconds: float = 15) -> list[Hook]:
        """The webhooks to a path, once there are `at_least` so many."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = [hook for hook in self.hooks if hook.path == path]
            if len(found) >= at_least:
                return found
            time.sleep(0.01)
        raise AssertionError(
            f"{len(found)} webhooks to {path}, expected {at_least}; got {[h.path for h in self.hooks]}"
        )

    def flask(self) -> Flask:
        app = Flask("application")

        @app.route("/<path:path>", methods=["GET", "POST"])
        def any_hook(path: str) -> Response:
            values = request.form if request.method == "POST" else {}
            query = request.query_string.decode()
            url = self.url + request.path + (f"?{query}" if query else "")
            signed = RequestValidator(TOKEN).validate(url, values, request.headers.get("X-Twilio-Signature", ""))
            form = request.form.to_dict() or request.args.to_dict()
            self.hooks.append(Hook("/" + path, form, dict(request.headers), signed, request.method))
            answer = self.answers.get("/" + path, "<Response/>")
            if callable(answer):
                answer = answer(form)
            return answer if isinstance(answer, Response) else Response(str(answer), mimetype="text/xml")

        return app


@contextmanager
def serving(application: Application) -> Iterator[Application]:
    """The application on a loopback port."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, application.flask(), threaded=True)
    application.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield application
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def words(seconds: float) -> bytes:
    """A WAV file with sound all through."""
    time_line = np.arange(int(seconds * audio.RATE)) / audio.RATE
    return audio.to_wav((np.sin(time_line * 2 * np.pi * 440) * 8000).astype("<i2").tobytes())


def eventually(check: Callable[[], object], seconds: float = 15) -> object:
    """What `check` gives, as soon as it is true."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = check()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it never came true")


def story(phones: ControlClient, call: str) -> list[CallEvent]:
    """Every event of a call, once it is over."""
    return list(phones.follow(call))


def bodies(phones: ControlClient, number: str, *, at_least: int = 1) -> list[str]:
    """What a phone received, once it holds so many texts."""
    eventually(lambda: len(phones.texts(number)) >= at_least)
    return [text["body"] for text in phones.texts(number)]
