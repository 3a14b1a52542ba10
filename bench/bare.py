"""What the voice webhook is compared with: a bare Flask view with a one-line answer, under exactly helpline's server."""

import os

from flask import Flask, Response

from ivr import web
from ivr.settings import load_settings
from ivr.wiring import Helpline

ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response><Say>Hello.</Say></Response>'


def bare_app(desk: Helpline) -> Flask:  # noqa: ARG001 - the shape of ivr.web.create_app
    """One view that looks at nothing and writes nothing."""
    app = Flask("bare")

    @app.post("/twilio/voice")
    def voice() -> Response:
        return Response(ANSWER, mimetype="text/xml")

    @app.get("/healthz")
    def healthz() -> str:
        return "up\n"

    return app


def main() -> None:
    """Serve on HOST:PORT until SIGTERM."""
    # serve() is used as it stands, with another application in it: so both have the same server settings for ever.
    web.create_app = bare_app
    web.serve(load_settings(os.environ, dotenv=None))


if __name__ == "__main__":
    main()
