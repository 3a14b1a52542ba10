"""What workers do: one piece of work by its id, under a lease, with an end state whatever happens."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ivr import calling, fetching, fetching_pictures, legflow, lookups, ringflow, sending
from ivr.queue import TRANSCRIBE, WORKER_QUEUES, work
from ivr.scripts import scripts_of
from ivr.settings import Settings
from ivr.wiring import Helpline, following
from tickets import calls, claims, escalating, giving_up, outbox, pictures, recordings, voicemails
from tickets import work as rows
from tickets.events import note
from tickets.states import MediaState, TranscriptState, WorkKind
from tickets.voicemails import Heard
from transcribe.engine import Engine, load_engine
from transcribe.service import SoundAway, transcribe_recording

log = structlog.get_logger(__name__)

#: Seconds between renewals of a lease; three of them fit into one.
HEARTBEAT = rows.LEASE / 3

#: Attempts after which a piece is given up for good. A recording or a picture that kills its worker must not do so for ever;
#: fetching and sending have ends of their own, by age, and these are only their last bound.
MOST_ATTEMPTS = {
    WorkKind.TRANSCRIBE: 3,
    WorkKind.MAKE_THUMBNAIL: 3,
    WorkKind.FETCH_RECORDING: 500,
    WorkKind.FETCH_PICTURE: 500,
    WorkKind.SEND_TEXT: 500,
}
USUAL_ATTEMPTS = 60

#: Pieces that may last longer than a lease.
LONG = (WorkKind.TRANSCRIBE, WorkKind.FETCH_RECORDING, WorkKind.FETCH_PICTURE, WorkKind.MAKE_THUMBNAIL)

#: When the blob store or the database fails a transcription, it is tried again after this, for as long as GIVE_UP_AFTER of
#: the fetching: the voicemail is not to blame.
STORE_PAUSE = timedelta(seconds=15)

Handler = Callable[[Helpline, rows.Claim], None]


def _deadline(desk: Helpline, held: rows.Claim) -> None:
    with desk.database.unit() as unit:
        voicemails.deadline(unit, held, now=desk.now(), rules=desk.rules)


def _check_delivery(desk: Helpline, held: rows.Claim) -> None:
    with desk.database.unit() as unit:
        outbox.check_delivery(unit, held, now=desk.now())


def _in_one_unit(act: Callable[..., None]) -> Handler:
    """Work that is one unit of work on rows and asks nobody."""

    def do(desk: Helpline, held: rows.Claim) -> None:
        with desk.database.unit() as unit:
            act(unit, held, rules=desk.rules, now=desk.now())

    return do


HANDLERS: dict[WorkKind, Handler] = {
    WorkKind.SEND_TEXT: sending.send_text,
    WorkKind.CHECK_DELIVERY: _check_delivery,
    WorkKind.PAGE_DEADLINE: _deadline,
    WorkKind.FETCH_RECORDING: fetching.fetch_recording,
    WorkKind.DELETE_RECORDING: fetching.delete_recording,
    WorkKind.FETCH_PICTURE: fetching_pictures.fetch_picture,
    WorkKind.MAKE_THUMBNAIL: fetching_pictures.make_thumbnail,
    WorkKind.LOOK_UP_CALL: lookups.look_up_call,
    WorkKind.PLACE_CALL: lambda desk, held: legflow.place_call(desk, scripts_of(desk), held),
    WorkKind.CHECK_CALL: lambda desk, held: legflow.check_call(desk, scripts_of(desk), held),
    WorkKind.END_CALL: calling.end_call,
    WorkKind.WATCH_RING: ringflow.watch_ring,
    WorkKind.MOVE_CALLER: ringflow.move_caller,
    WorkKind.MOVE_COLLEAGUE: ringflow.move_colleague,
    WorkKind.ESCALATE: _in_one_unit(escalating.step),
    WorkKind.OTHER_WAY: _in_one_unit(escalating.other_way),
    WorkKind.ASK_OWNER: _in_one_unit(claims.look),
}


class Hands:
    """Does pieces of work. `engine` is there in the transcriber only."""

    def __init__(self, desk: Helpline, engine: Engine | None = None) -> None:
        self.desk = desk
        self.handlers = dict(HANDLERS)
        if engine is not None:
            self.handlers[WorkKind.TRANSCRIBE] = lambda desk, held: transcribe_recording(
                held,
                database=desk.database,
                blobs=desk.blobs,
                engine=engine,
                clients=desk.client_names,
                rules=desk.rules,
                now=desk.now,
            )

    def do(self, work_id: int) -> None:
        """Do the piece if it is due and free; otherwise nothing. Never raises for a piece that goes wrong."""
        desk = self.desk.latest()  # for the whole piece
        with desk.database.unit() as unit:
            held = rows.claim(unit, work_id, now=desk.now())
        if held is None:
            return
        structlog.contextvars.clear_contextvars()
        with structlog.contextvars.bound_contextvars(work=held.kind.value, ref=held.ref, attempt=held.attempts):
            try:
                if held.attempts > MOST_ATTEMPTS.get(held.kind, USUAL_ATTEMPTS):
                    self._give_up(desk, held)
                else:
                    with self._heartbeat(held):
                        self.handlers[held.kind](desk, held)
            except rows.LeaseLost:
                log.info("taken over by another worker")
            except SoundAway as error:
                log.warning("the sound cannot be had now", error=str(error))
                young = self.desk.now() - held.created_at < fetching.GIVE_UP_AFTER
                self._again(held, error, after=STORE_PAUSE, counted=not young)
            except Exception as error:
                log.exception("a piece of work failed")
                self._again(held, error)
        structlog.contextvars.clear_contextvars()

    def _again(
        self, held: rows.Claim, error: Exception, *, after: timedelta | None = None, counted: bool = True
    ) -> None:
        reason = f"{type(error).__name__}: {error}"
        try:
            with self.desk.database.unit() as unit:
                rows.retry(unit, held, now=self.desk.now(), error=reason, after=after, counted=counted)
        except (rows.LeaseLost, SQLAlchemyError):
            log.warning("could not put the work back; its lease will run out")

    def _give_up(self, desk: Helpline, held: rows.Claim) -> None:
        reason = f"given up after {held.attempts - 1} attempts"
        log.error("a piece of work is given up")
        now = desk.now()
        with desk.database.unit() as unit:
            if held.kind is WorkKind.TRANSCRIBE:
                heard = Heard(TranscriptState.FAILED, problem=f"the transcriber failed, {reason}")
                voicemails.transcribed(unit, held.ref, heard, now=now, rules=desk.rules)
            elif held.kind is WorkKind.FETCH_RECORDING:
                recordings.lost(
                    unit,
                    held.ref,
                    media=MediaState.MISSING,
                    reason=f"not fetched, {reason}",
                    now=now,
                    rules=desk.rules,
                )
            elif held.kind is WorkKind.FETCH_PICTURE:
                pictures.lost(unit, held.ref, state=MediaState.MISSING, reason=f"not fetched, {reason}", now=now)
            elif held.kind is WorkKind.MAKE_THUMBNAIL:
                pictures.no_thumbnail(unit, held.ref, reason=f"no preview: {reason}", now=now)
            elif held.kind is WorkKind.SEND_TEXT:
                outbox.give_up(unit, held, now=now, error=reason)
                return
            elif held.kind in (WorkKind.PLACE_CALL, WorkKind.ESCALATE, WorkKind.OTHER_WAY, WorkKind.ASK_OWNER):
                giving_up.give_up(unit, held, now=now, error=reason)
            elif held.kind is WorkKind.LOOK_UP_CALL:
                call = calls.lock_by_id(unit, held.ref)
                text = f"The look-up at the carrier was {reason}"
                note(unit, call_id=call.id, ticket_id=call.ticket_id, kind="problem", now=now, text=text)
                calls.looked_up(unit, call, status="completed", now=now, rules=desk.rules)
            rows.finish(unit, held, now=now, error=reason)

    @contextmanager
    def _heartbeat(self, held: rows.Claim) -> Iterator[None]:
        """Keep the lease while a long piece is being done; short ones end within it."""
        if held.kind not in LONG:
            yield
            return
        over = threading.Event()

        def beat() -> None:
            while not over.wait(HEARTBEAT):
                try:
                    with self.desk.database.unit() as unit:
                        if not rows.renew(unit, held, now=self.desk.now()):
                            return
                except SQLAlchemyError:
                    log.warning("the lease could not be renewed", ref=held.ref)

        thread = threading.Thread(target=beat, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


_hands: Hands | None = None


def run(work_id: int) -> None:
    """The job that RQ runs. One per process has its hands; the queue only carries the number."""
    if _hands is None:
        raise RuntimeError("jobs run in helpline worker and helpline transcriber only")
    _hands.do(work_id)


def run_worker(settings: Settings) -> None:
    """The worker role: fetch, send, look up, until SIGTERM."""
    global _hands  # noqa: PLW0603 - the process's one, for the job that RQ finds by name
    _hands = Hands(following(settings))
    log.info("worker ready")
    work(settings.broker_url, WORKER_QUEUES)


def run_transcriber(settings: Settings, progress: Callable[[str], None] | None = None) -> None:
    """The transcriber role: load the model once, then turn voicemails into words until SIGTERM. Raises EngineError."""
    global _hands  # noqa: PLW0603 - as above
    desk = following(settings)
    say = progress or (lambda words: log.info("loading the model", step=words))
    engine = load_engine(
        settings.whisper_engine,
        model=settings.whisper_model,
        device=settings.whisper_device,
        cache=settings.data / "models",
        progress=say,
    )
    _hands = Hands(desk, engine)
    log.info("transcriber ready", engine=engine.name, model=engine.model)
    work(settings.broker_url, (TRANSCRIBE,))
