"""One voicemail from the blob store to its words in the database. No transaction is open while Whisper works."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime

import structlog

from tickets import voicemails, work
from tickets.db import Database
from tickets.rules import Rules
from tickets.states import TranscriptState
from tickets.storage import BlobStore
from tickets.voicemails import Heard
from transcribe.clean import client_named, summary
from transcribe.engine import Engine
from transcribe.pipeline import Transcription, transcribe_audio

log = structlog.get_logger(__name__)


#: So many seconds less than the carrier said, and the file is not whole; it counts whole seconds and before trimming.
CUT_OFF = 4


class SoundAway(Exception):
    """The blob store does not answer: the recording itself may be fine."""


def transcribe_recording(
    held: work.Claim,
    *,
    database: Database,
    blobs: BlobStore,
    engine: Engine,
    clients: Sequence[str],
    rules: Rules,
    now: Callable[[], datetime],
) -> None:
    """Do one piece of TRANSCRIBE work. Whatever the sound is, it ends as done, silent or failed, with ticket and page
    in the same transaction. Raises only what another attempt may mend (database, blob store, engine)."""
    with database.reading() as session:
        blob, seconds, client = voicemails.sound_of(session, held.ref)
    if blob is None:
        heard = Heard(TranscriptState.FAILED, problem="the sound is not here")
    else:
        heard = _hear(blob, client, seconds, blobs=blobs, engine=engine, clients=clients)
    with database.unit() as session:
        ticket = voicemails.transcribed(session, held.ref, heard, now=now(), rules=rules)
        work.finish(session, held, now=now())
        log.info("voicemail transcribed", ticket=ticket, state=heard.state.value, confidence=heard.confidence)


def _hear(
    blob: str, client: str | None, seconds: int | None, *, blobs: BlobStore, engine: Engine, clients: Sequence[str]
) -> Heard:
    try:
        sound = blobs.open(blob)
    except KeyError:
        return Heard(TranscriptState.FAILED, problem="the sound is gone from the blob store")
    except Exception as error:  # whatever a store's own library raises
        raise SoundAway(f"{type(error).__name__}: {error}") from error
    with sound:
        found = transcribe_audio(sound, engine=engine, clients=clients, client=client)
    heard = as_heard(found, clients)
    if heard.state is TranscriptState.DONE and seconds and found.seconds < seconds - CUT_OFF:
        problem = f"only {found.seconds:.0f} s of {seconds} s are here: the sound is cut off"
        heard = replace(heard, problem=f"{heard.problem}; {problem}" if heard.problem else problem)
    return heard


def as_heard(found: Transcription, clients: Sequence[str]) -> Heard:
    """What the desk keeps of a transcription."""
    state = TranscriptState(found.state.value)
    done = state is TranscriptState.DONE
    return Heard(
        state=state,
        text=found.text if done else "",
        language=found.language if done else None,
        confidence=round(found.confidence, 3) if done else None,
        callback_number=found.callback_number,
        segments=tuple(asdict(segment) for segment in found.segments) if done else (),
        client=client_named(found.text, list(clients)) if done else None,
        subject=summary(found.text) if done else None,
        problem=found.problem,
    )
