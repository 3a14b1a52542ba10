"""A desk that a sandbox carrier really calls: web on a loopback port, a worker and a transcriber in threads, real time."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug.serving import make_server

from flows.loader import load
from ivr.clock import notice_stale_calls, sweep
from ivr.jobs import Hands
from ivr.links import Links
from ivr.sandbox.config import SandboxConfig
from ivr.sandbox.server import running
from ivr.settings import load_settings
from ivr.web import create_app
from ivr.wiring import Helpline, carrier_of, rules_of
from tests.world import FLOWS, FakeEngine, FakeQueue
from tickets import db
from tickets.storage import open_blobs


class LiveDesk:
    """A whole desk on the sandbox. `works` is cleared while its workers are away."""

    def __init__(self, desk: Helpline, queue: FakeQueue) -> None:
        self.desk, self._queue = desk, queue
        self.engine = FakeEngine()
        self.works = threading.Event()
        self.works.set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        hands = Hands(self.desk, self.engine)
        while not self._over.wait(0.05):
            if not self.works.is_set():
                continue
            notice_stale_calls(self.desk)
            sweep(self.desk)
            for job in list(self._queue.jobs):
                hands.do(self._queue.jobs.pop(job))

    def __enter__(self) -> "LiveDesk":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def live_desk(database_url: str, folder: Path, flows_dir: Path = FLOWS) -> Iterator[LiveDesk]:
    """A desk for as long as the block lasts."""
    ports = {"PORT": str(_free_port()), "SANDBOX_PORT": str(_free_port())}
    env = {"HELPLINE_DATA": str(folder / "data"), "DATABASE_URL": database_url, "FLOWS_DIR": str(flows_dir), **ports}
    settings = load_settings(env, dotenv=None)
    queue, flows = FakeQueue(), load(settings.flows_dir)
    links = Links(settings.secret_key.get_secret_value(), settings.public_url)
    desk = Helpline(
        settings=settings,
        flows=flows,
        database=db.Database(db.connect(database_url), notify=queue.hint, notify_in=queue.hint_in),
        queue=queue,  # type: ignore[arg-type]
        carrier=carrier_of(settings),
        blobs=open_blobs(settings.blob_url),
        rules=rules_of(flows, settings, links=links),
        links=links,
    )
    sandbox = SandboxConfig(
        host="127.0.0.1",
        port=settings.sandbox_port,
        account_sid=settings.account_sid,
        auth_token=settings.auth_token,
        number=settings.twilio_number,
        public_url=settings.public_url,
        data=folder / "sandbox",
        speed=20,
    )
    server = make_server("127.0.0.1", settings.port, create_app(desk), threaded=True)
    web = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    web.start()
    try:
        with running(sandbox), LiveDesk(desk, queue) as live:
            yield live
    finally:
        server.shutdown()
        web.join()
        server.server_close()
        desk.database.engine.dispose()
