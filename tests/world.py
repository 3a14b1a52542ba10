"""A whole help desk in one process, with a carrier, a clock and a queue that a test can drive. No mocks of our own code:
database, blob store, flow engine, web application and workers are the real ones."""

import math
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlencode

from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from flows.loader import load
from ivr.carrier.base import CallInfo
from ivr.clock import notice_stale_calls, sweep
from ivr.handovers import Handovers
from ivr.jobs import Hands
from ivr.links import Links
from ivr.queue import BrokerDown, job_id
from ivr.settings import Settings, load_settings
from ivr.web import create_app
from ivr.wiring import Helpline, rules_of
from tests.fake_blobs import FakeBlobs
from tests.fake_carrier import PATIENCE, START, FakeCarrier, FakeClock, Placed, Sent
from tests.fake_phones import StaffPhones, calm
from tickets import db
from tickets.models import Work
from tickets.states import WorkState
from tickets.storage import open_blobs
from transcribe.audio import Audio
from transcribe.engine import Heard, Segment

__all__ = [
    "CLIENT", "DESK", "LEE", "PATIENCE", "ROBIN", "SAM", "START", "STRANGER", "FakeCarrier", "FakeClock", "Placed", "Sent",
    "World", "edited_flows", "quiet_flows", "wav",
]  # fmt: skip

PUBLIC = "https://desk.example.org"
DESK = "+19036892004"
CLIENT = "+19035550160"
STRANGER = "+19035550147"
SAM, LEE, ROBIN = "+19035550111", "+19035550112", "+19035550113"
TOKEN = "test-auth-token"
SAMPLES = Path(__file__).parent.parent / "samples"
FLOWS = Path(__file__).parent.parent / "flows"


def wav(*, loud: bool = True) -> bytes:
    """A telephone WAV: somebody speaks (what they say, the fake engine decides), or nobody does."""
    return (SAMPLES / ("outage.wav" if loud else "silent.wav")).read_bytes()


def edited_flows(folder: Path, name: str, old: str, new: str, *, rings: bool = False) -> Path:
    """The shipped flow files below `folder`, in one of which an admin has put `new` for `old`. Nobody is rung unless said."""
    flows = folder / "flows"
    shutil.copytree(FLOWS if rings else quiet_flows(folder), flows)
    words = (flows / name).read_text()
    assert old in words
    (flows / name).write_text(words.replace(old, new))
    return flows


def quiet_flows(folder: Path) -> Path:
    """The shipped flow files, but that nobody is rung: there is no such step, and the keys lead to the voicemail."""
    flows = folder / "quiet-flows"
    if not flows.exists():
        flows.mkdir(parents=True)
        for shipped in FLOWS.glob("*.yml"):
            words = re.sub(r"\n    team: .*", "", shipped.read_text())
            (flows / shipped.name).write_text(re.sub(r"(next|open): team\b", r"\1: message", words))
    return flows


class FakeQueue:
    """Hints in memory; `down` is a broker that does not answer."""

    def __init__(self) -> None:
        self.jobs: dict[str, int] = {}
        self.down = False

    def hint(self, due: Iterable[tuple[str, int, int]]) -> None:
        if not self.down:
            self.put(due)

    def hint_in(self, seconds: float, piece: tuple[str, int, int]) -> None:
        """A timer of the process: lost, here. What is due soon, the sweep finds all the same."""

    def put(self, due: Iterable[tuple[str, int, int]]) -> None:
        self.check()
        for kind, work_id, attempts in due:
            self.jobs[job_id(kind, work_id, attempts)] = work_id

    def queued(self) -> set[str]:
        self.check()
        return set(self.jobs)

    def lengths(self) -> dict[str, int]:
        return {"all": len(self.jobs)}

    def check(self) -> None:
        if self.down:
            raise BrokerDown("Redis does not answer: test")


class FakeEngine:
    """An engine that hears what the test wrote."""

    name, model = "fake", "none"

    def __init__(self) -> None:
        self.words = "Hi, this is Dana. The server room is flooded. Call me back at 903-555-0199."
        self.error: Exception | None = None

    def transcribe(self, audio: Audio, *, prompt: str, language: str | None = None, on_progress: Any = None) -> Heard:
        if self.error is not None:
            raise self.error
        segment = Segment(0.0, audio.seconds, self.words, 0.9)
        return Heard(self.words, "en", 0.9, (segment,) if self.words else ())


class World:
    """Phones on one side, the desk on the other. Only where it `rings` is the team rung before the voicemail, as in the
    shipped flow: most stories are about what comes after."""

    def __init__(
        self,
        database_url: str,
        folder: Path,
        *,
        rings: bool = False,
        real_rate: bool = False,
        escalates: bool = False,
        **env: str,
    ) -> None:
        """`real_rate`: texts leave as slowly as the flow file says. Without it the carrier takes any number at once.
        `escalates`: pages and claims that nobody answers have consequences. Stories about something else need neither."""
        self.now = FakeClock()
        self.settings: Settings = load_settings(
            {
                "HELPLINE_DATA": str(folder / "data"),
                "DATABASE_URL": database_url,
                "PUBLIC_URL": PUBLIC,
                "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
                "TWILIO_AUTH_TOKEN": TOKEN,
                "HELPLINE_API_TOKEN": "api-token",
                "SECRET_KEY": "a-secret-key-for-tests-only-0123456789",
                "FLOWS_DIR": str(FLOWS if rings else quiet_flows(folder)),
                **env,
            },
            dotenv=None,
        )
        self.carrier = FakeCarrier(self.now)
        self.queue = FakeQueue()
        self.engine = FakeEngine()
        self.blobs = FakeBlobs(open_blobs(self.settings.blob_url))
        flows = load(self.settings.flows_dir)
        links = Links(self.settings.secret_key.get_secret_value(), PUBLIC)
        engine = db.connect(self.settings.database_url)
        database = db.Database(engine, notify=self.queue.hint, notify_in=self.queue.hint_in)
        rules = rules_of(flows, self.settings, links=links, now=self.now, handovers=Handovers(database, self.now))
        if not real_rate:
            rules = replace(rules, pace=replace(rules.pace, segments_per_second=math.inf))
        if not escalates:
            rules = calm(rules)
        self.desk = Helpline(
            settings=self.settings,
            flows=flows,
            database=database,
            queue=self.queue,  # type: ignore[arg-type]
            carrier=self.carrier,
            blobs=self.blobs,
            rules=rules,
            links=links,
            now=self.now,
        )
        self.app = create_app(self.desk)
        self.client: FlaskClient = self.app.test_client()
        self.hands = Hands(self.desk, self.engine)
        self.transcriber_runs = True
        self.phones = StaffPhones(self)

    def close(self) -> None:
        self.desk.database.engine.dispose()

    # --- the carrier's side -------------------------------------------------------------------------------------

    def post(self, path: str, *, token: str = TOKEN, **form: str) -> TestResponse:
        """A signed webhook. Several threads may post at the same moment."""
        signature = RequestValidator(token).compute_signature(PUBLIC + path, form)
        return self.app.test_client().post(
            path,
            data=urlencode(form),
            content_type="application/x-www-form-urlencoded; charset=UTF-8",
            headers={"X-Twilio-Signature": signature},
        )

    def call(self, sid: str = "CA1", caller: str = CLIENT) -> str:
        """A call comes in; returns the TwiML."""
        self.carrier.calls[sid] = CallInfo(sid, "in-progress", caller, DESK)
        return self._twiml("/twilio/voice", sid, caller, CallStatus="ringing")

    def press(self, keys: str, turn: int, sid: str = "CA1", caller: str = CLIENT) -> str:
        return self._twiml(f"/twilio/voice/{turn}", sid, caller, Digits=keys, CallStatus="in-progress")

    def _twiml(self, path: str, sid: str, caller: str, **form: str) -> str:
        answer = self.post(path, CallSid=sid, From=caller, To=DESK, AccountSid="AC1", ApiVersion="2010-04-01", **form)
        assert answer.status_code == 200, answer.text
        return answer.text

    def recorded(
        self, rec: str = "RE1", sid: str = "CA1", seconds: int = 12, status: str = "completed", **more: str
    ) -> None:
        """The recording's own event; its file is there."""
        if status == "completed":
            self.carrier.sounds.setdefault(rec, wav())
        form = {"CallSid": sid, "RecordingSid": rec, "RecordingStatus": status, "AccountSid": "AC1", **more}
        if status == "completed":
            form["RecordingDuration"] = str(seconds)
        assert self.post("/twilio/recording", **form).status_code == 200

    def hang_up(self, sid: str = "CA1", caller: str = CLIENT) -> None:
        self.carrier.calls[sid] = CallInfo(sid, "completed", caller, DESK)
        form = {"CallSid": sid, "From": caller, "To": DESK, "CallStatus": "completed", "CallDuration": "40"}
        assert self.post("/twilio/voice/status", **form).status_code == 200

    def text(self, sender: str, body: str, sid: str | None = None, **more: str) -> None:
        sid = sid or f"SMin{self._count()}"
        more.setdefault("NumMedia", "0")
        answer = self.post("/twilio/sms", MessageSid=sid, From=sender, To=DESK, Body=body, **more)
        assert (answer.status_code, answer.text) == (200, '<?xml version="1.0" encoding="UTF-8"?><Response/>')

    def delivered(self, sid: str, status: str = "delivered", **more: str) -> None:
        assert self.post("/twilio/sms/status", MessageSid=sid, MessageStatus=status, **more).status_code == 200

    _texts = 0

    def _count(self) -> int:
        self._texts += 1
        return self._texts

    @contextmanager
    def without_database(self) -> Iterator[None]:
        """The database does not answer: no connection can be had."""
        engine = self.desk.database.engine

        def away(*_: object) -> NoReturn:
            raise OperationalError("connect", None, ConnectionError("the server is gone"))

        event.listen(engine, "checkout", away)
        try:
            yield
        finally:
            event.remove(engine, "checkout", away)

    # --- the desk's side ----------------------------------------------------------------------------------------

    def work(self) -> None:
        """The workers do whatever is queued, until nothing is."""
        for _ in range(1000):
            jobs = [job for job in self.queue.jobs if self.transcriber_runs or not job.startswith("transcribe-")]
            if not jobs:
                return
            self.hands.do(self.queue.jobs.pop(jobs[0]))
        raise AssertionError("the workers never come to an end")

    def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Time passes, the clock sweeps, the workers work."""
        end = self.now.moment + timedelta(seconds=seconds)
        while self.now.moment < end:
            self.now.moment = min(end, self.now.moment + timedelta(seconds=step))
            if not self.queue.down:
                notice_stale_calls(self.desk)
                sweep(self.desk)
            self.work()

    def texts_to(self, number: str) -> list[str]:
        return [sent.body for sent in self.carrier.sent if sent.to == number]

    def tickets(self) -> list[dict[str, Any]]:
        """The tickets of the JSON API, the oldest first."""
        answer = self.client.get("/api/v1/tickets", headers={"Authorization": "Bearer api-token"})
        assert answer.status_code == 200
        return list(reversed(answer.get_json()["tickets"]))

    def ticket(self) -> dict[str, Any]:
        found = self.tickets()
        assert len(found) == 1
        return found[0]

    def unfinished(self) -> int:
        with self.desk.database.reading() as session:
            return session.scalar(select(func.count()).where(Work.state == WorkState.WAITING)) or 0

    def rows(self, table: Any) -> list[Any]:
        with self.desk.database.reading() as session:
            return list(session.scalars(select(table).order_by(table.id)))
