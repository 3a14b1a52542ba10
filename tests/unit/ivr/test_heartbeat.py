"""The heartbeat: heard outside after clean runs only, and never with its secret in a log."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask, redirect
from structlog.testing import capture_logs
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from ivr import heartbeat
from ivr.auditor import Auditor
from tests.unit.ivr.test_audit import forget
from tests.world import CLIENT, World


@contextmanager
def monitor(*, answer: object = "ok") -> Iterator[tuple[str, list[str]]]:
    """A monitoring service: its address, and what it heard."""
    app, heard = Flask("monitor"), list[str]()

    @app.get("/ping/<path:name>")
    def ping(name: str) -> Response:
        from flask import request

        heard.append(request.full_path)
        return answer() if callable(answer) else app.make_response(answer)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}/ping/s3cret?token=hush", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_only_a_clean_run_is_heard_outside(database_url: str, tmp_path: Path) -> None:
    with monitor() as (url, heard):
        world = World(database_url, tmp_path, HELPLINE_HEARTBEAT_URL=url)
        auditor = Auditor(world.desk)
        assert auditor.run().clean
        assert heard == ["/ping/s3cret?token=hush"]
        world.text(CLIENT, "Server is down")
        forget(world, "send-text")
        assert not auditor.run().clean
        assert len(heard) == 1
        world.work()
        assert auditor.run().clean
        assert len(heard) == 2
        world.close()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (("no", 500), "answered 500"),
        (lambda: redirect("http://localhost:1/else"), "redirects to another place"),
        (lambda: redirect("/ping/again"), "redirects in a circle"),
    ],
)
def test_a_heartbeat_that_is_not_heard_is_logged_without_its_secret(
    database_url: str, tmp_path: Path, answer: object, reason: str
) -> None:
    with monitor(answer=answer) as (url, _):
        world = World(database_url, tmp_path, HELPLINE_HEARTBEAT_URL=url)
        with capture_logs() as logs:
            assert Auditor(world.desk).run().clean
        world.close()
    host = url.split("/")[2]
    assert [(line["event"], line["error"]) for line in logs] == [("the heartbeat was not heard", f"{host} {reason}")]


def test_a_monitor_that_is_away_is_no_reason_to_stop() -> None:
    with pytest.raises(heartbeat.NotHeard, match=r"^127.0.0.1:1 did not answer: ConnectionError$"):
        heartbeat.beat("http://127.0.0.1:1/ping/s3cret")
