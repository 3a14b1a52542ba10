"""The web role: the application and the server under it."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider
from gunicorn.app.base import BaseApplication

from ivr import api, listen, look, probes, sounds
from ivr.scripts import scripts_of
from ivr.settings import Settings
from ivr.signature import SignatureCheck
from ivr.webhooks import guard, leg, room, sms, voice
from ivr.wiring import Helpline, assemble, following

#: Threads of one web process. Webhooks are short and wait only for the database; more processes are more `helpline web`.
THREADS = 8


class _Json(DefaultJSONProvider):
    """Fields come in the order of the contract, words in their own letters."""

    sort_keys = False
    ensure_ascii = False


class _App(Flask):
    """Flask without a question that it asks of each view and hook with each request: no view here is a coroutine."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Asking takes 2 us, four times a request."""
        return func


def create_app(desk: Helpline) -> Flask:
    """The application. Its views know no Helpline: each request asks for the latest one, and works with that to its end."""
    app = _App("helpline", static_folder=None)
    app.json = _Json(app)
    guard.protect(app, SignatureCheck(desk.settings.public_url, desk.settings.accepted_tokens))
    app.register_blueprint(voice.blueprint(desk.latest))
    app.register_blueprint(leg.blueprint(desk.latest, scripts_of(desk)))
    app.register_blueprint(room.blueprint(desk.latest))
    app.register_blueprint(sounds.blueprint(desk.settings.flows_dir / sounds.FOLDER))
    app.register_blueprint(sms.blueprint(desk.latest))
    app.register_blueprint(probes.blueprint(desk.latest))
    app.register_blueprint(listen.blueprint(desk.latest))
    app.register_blueprint(look.blueprint(desk.latest))
    app.register_blueprint(api.blueprint(desk.latest))

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        if not request.path.startswith(("/healthz", "/readyz", "/metrics")):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return app


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings and nothing of its own from the command line or the environment."""

    def __init__(self, make: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._make, self._options = make, options
        super().__init__()

    def load_config(self) -> None:
        """Take the options as they are."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called in the worker process, after the fork: connections are never shared."""
        return self._make()


def serve(settings: Settings) -> None:
    """Listen on HOST:PORT until SIGTERM or SIGINT."""
    assemble(settings).database.engine.dispose()  # wrong settings or schema are said before anything listens
    options = {
        "bind": f"{settings.host}:{settings.port}",
        "workers": 1,
        "threads": THREADS,
        "worker_class": "gthread",
        "graceful_timeout": 8,
        "timeout": 60,
        "logger_class": "ivr.log.GunicornLogger",
        "control_socket_disable": True,
    }
    _Server(lambda: create_app(following(settings)), options).run()
