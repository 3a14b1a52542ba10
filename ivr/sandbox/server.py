"""The sandbox carrier as a web server."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Iterator

from flask import Flask, Response, jsonify
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from ivr.sandbox.carrier import Carrier
from ivr.sandbox.config import SandboxConfig, SandboxError
from ivr.sandbox.control import control
from ivr.sandbox.control_legs import legs
from ivr.sandbox.rest import api
from ivr.sandbox.rest_calls import calls_api
from ivr.sandbox.rest_pictures import pictures_api

# Pictures of a text: ten of 5 MB, and some room for the form around them.
MAX_UPLOAD = 64 * 1024 * 1024


class _Handler(WSGIRequestHandler):
    """Writes no line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: a long poll a second would drown everything else."""


def create_app(config: SandboxConfig) -> Flask:
    """The carrier at work behind a Flask application. `app.extensions["sandbox"].close()` ends it.

    Raises SandboxError when the data folder cannot be used.
    """
    try:
        working = Carrier(config)
    except OSError as error:
        raise SandboxError(f"The sandbox carrier cannot use the folder {config.data}: {error.strerror}.") from error
    app = Flask("sandbox")
    app.config["MAX_CONTENT_LENGTH"] = MAX_UPLOAD
    app.extensions["sandbox"] = working
    for blueprint in (api, calls_api, pictures_api, control, legs):
        app.register_blueprint(blueprint)

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify({"status": "ok"})

    return app


def _bind(config: SandboxConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family, backlog=256)
    except OSError as error:
        raise SandboxError(
            f"The sandbox carrier cannot listen on {config.host}:{config.port}: {error.strerror}. "
            "Stop what uses the port, or choose another one."
        ) from error


@contextlib.contextmanager
def _listening(config: SandboxConfig) -> Iterator[BaseWSGIServer]:
    with _bind(config) as listener:
        port = listener.getsockname()[1]
        app = create_app(config)
        try:
            server = make_server(config.host, port, app, threaded=True, request_handler=_Handler, fd=listener.fileno())
            try:
                yield server
            finally:
                server.server_close()
        finally:
            app.extensions["sandbox"].close()


@contextlib.contextmanager
def running(config: SandboxConfig) -> Iterator[str]:
    """A sandbox in threads of this process, for tests; port 0 takes a free one. Gives its base URL."""
    with _listening(config) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://{config.host}:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join(timeout=5)


def serve(config: SandboxConfig) -> None:
    """Serve until SIGTERM or SIGINT.

    Returns after a clean end. Raises SandboxError when the port or folder cannot be used.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with _listening(config) as server:

        def stop(_signal: int, _frame: object) -> None:
            # shutdown() waits for the loop that this handler interrupts, so it cannot run here.
            threading.Thread(target=server.shutdown, daemon=True).start()

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            server.serve_forever(poll_interval=0.1)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
