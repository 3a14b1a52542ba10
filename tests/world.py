"""A whole help desk in one process, with a carrier, a clock and a queue that a test can drive. No mocks of our own code:
database, blob store, flow engine, web application and workers are the real ones."""

import math
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NoReturn
from urllib.parse import urlencode

from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from flows.loader import load
from ivr.carrier.base import CallInfo, CarrierError, Media, NotThere, NumberInfo, RecordingInfo
from ivr.clock import notice_stale_calls, sweep
from ivr.handovers import Handovers
from ivr.jobs import Hands
from ivr.links import Links
from ivr.queue import BrokerDown, job_id
from ivr.settings import Settings, load_settings
from ivr.web import create_app
from ivr.wiring import Helpline, rules_of
from tests.fake_pictures import FakePictures
from tickets import db
from tickets.arrival import InboundText
from tickets.models import Work
from tickets.outbox import Handed, NotSent, TextRefused
from tickets.states import WorkState
from tickets.storage import Blob, BlobStore, open_blobs
from transcribe.audio import Audio
from transcribe.engine import Heard, Segment

PUBLIC = "https://desk.example.org"
DESK = "+19036892004"
CLIENT = "+19035550160"
STRANGER = "+19035550147"
SAM, LEE, ROBIN = "+19035550111", "+19035550112", "+19035550113"
TOKEN = "test-auth-token"
SAMPLES = Path(__file__).parent.parent / "samples"
FLOWS = Path(__file__).parent.parent / "flows"
START = datetime(2026, 11, 23, 14, 5, 11, tzinfo=UTC)
PATIENCE = 10.0  # seconds after which a carrier that does not answer counts as timed out: longer than a test may wait


def wav(*, loud: bool = True) -> bytes:
    """A telephone WAV: somebody speaks (what they say, the fake engine decides), or nobody does."""
    return (SAMPLES / ("outage.wav" if loud else "silent.wav")).read_bytes()


def edited_flows(folder: Path, name: str, old: str, new: str) -> Path:
    """The shipped flow files below `folder`, in one of which an admin has put `new` for `old`."""
    flows = folder / "flows"
    flows.mkdir()
    for shipped in FLOWS.glob("*.yml"):
        shutil.copy(shipped, flows)
    words = (flows / name).read_text()
    assert old in words
    (flows / name).write_text(words.replace(old, new))
    return flows


class FakeClock:
    """Time that passes when a test says so."""

    moment = START

    def __call__(self) -> datetime:
        return self.moment


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


@dataclass
class Sent:
    """A text that the carrier got."""

    sid: str
    to: str
    body: str
    at: datetime


@dataclass
class FakeCarrier(FakePictures):
    """A carrier that does what the test told it. `refuse` maps a number to the errors of its next attempts, `refuse_search`
    are those of the next look-ups of texts. While `answers` is cleared, nothing that is asked gets an answer."""

    now: FakeClock
    sent: list[Sent] = field(default_factory=list)
    refuse: dict[str, list[BaseException]] = field(default_factory=dict)
    refuse_search: list[Exception] = field(default_factory=list)
    sounds: dict[str, bytes] = field(default_factory=dict)
    calls: dict[str, CallInfo] = field(default_factory=dict)
    recordings: list[RecordingInfo] = field(default_factory=list)
    texts: list[InboundText] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    compared: list[tuple[int, int]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    down: bool = False
    answers: threading.Event = field(default_factory=threading.Event)
    timed_out: list[str] = field(default_factory=list)
    created_although_unknown: bool = True

    def __post_init__(self) -> None:
        self.answers.set()

    def send_text(self, *, to: str, body: str) -> Handed:
        if self.down:
            raise NotSent("the carrier did not answer: ConnectionError")
        errors = self.refuse.get(to, [])
        error = errors.pop(0) if errors else None
        if isinstance(error, TextRefused | NotSent):
            raise error
        if error is None or self.created_although_unknown:
            self.sent.append(Sent(f"SM{len(self.sent) + 1:04}", to, body, self.now()))
        if error is not None:  # an unknown outcome, or the end of the worker
            raise error
        return Handed(self.sent[-1].sid, "queued")

    def find_texts(self, *, to: str, body: str, since: datetime) -> list[Handed]:
        if self.down:
            raise NotSent("the carrier did not answer: ConnectionError")
        self.asked.append(f"texts {to}")
        if self.refuse_search:
            raise self.refuse_search.pop(0)
        return [Handed(one.sid, "sent") for one in self.sent if (one.to, one.body) == (to, body) and one.at >= since]

    def call(self, sid: str) -> CallInfo:
        self._ask(f"call {sid}")
        if sid not in self.calls:
            raise NotThere("404")
        return self.calls[sid]

    def recordings_of(self, call_sid: str) -> list[RecordingInfo]:
        self._ask(f"recordings {call_sid}")
        return [one for one in self.recordings if one.call_sid == call_sid]

    def recordings_since(self, since: datetime) -> list[RecordingInfo]:
        self.compared.append((since.day, since.hour))
        self._ask("recordings")
        return list(self.recordings)

    def texts_since(self, since: datetime) -> list[InboundText]:
        self._ask(f"texts since {since:%H:%M}")
        return list(self.texts)

    @contextmanager
    def open_recording(self, sid: str) -> Iterator[Media]:
        self._ask(f"media {sid}")
        if sid not in self.sounds:
            raise NotThere("404")
        yield Media("audio/x-wav", iter([self.sounds[sid]]))

    def delete_recording(self, sid: str) -> None:
        self.deleted.append(sid)

    def number_info(self, e164: str) -> NumberInfo | None:
        return None

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if not self.answers.wait(PATIENCE):
            self.timed_out.append(what)
            raise CarrierError("timed out")
        if self.down:
            raise CarrierError("the carrier did not answer")


class FakeBlobs:
    """The real store, which fails every time while `error` is set: a full disk, a bucket out of reach."""

    def __init__(self, real: BlobStore) -> None:
        self.real = real
        self.error: Exception | None = None

    def put(self, chunks: Iterable[bytes], *, limit: int) -> Blob:
        self._fail()
        return self.real.put(chunks, limit=limit)

    def open(self, hash_: str) -> BinaryIO:
        self._fail()
        return self.real.open(hash_)

    def delete(self, hash_: str) -> None:
        self._fail()
        self.real.delete(hash_)

    def check(self) -> None:
        self._fail()
        self.real.check()

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error.with_traceback(None)  # without the ways of the times before


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
    """Phones on one side, the desk on the other."""

    def __init__(self, database_url: str, folder: Path, *, real_rate: bool = False, **env: str) -> None:
        """`real_rate`: texts leave as slowly as the flow file says. Without it the carrier takes any number at once, so that
        stories about something else need not wait for it."""
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
                "FLOWS_DIR": str(FLOWS),
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
