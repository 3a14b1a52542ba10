"""Fetching recordings from the carrier into the blob store, and deleting them there when a setting says so."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import structlog

from ivr.carrier.base import CarrierError, Media, NotThere
from ivr.wiring import Helpline
from tickets import recordings, work
from tickets.models import Recording
from tickets.states import MediaState
from tickets.storage import Blob, TooLarge

log = structlog.get_logger(__name__)

#: A file that is not there yet appears within seconds (docs/carrier.md); after so many attempts, some twenty minutes,
#: it never will.
MISSING_AFTER = 12

#: A carrier that does not answer is asked again for so long.
GIVE_UP_AFTER = timedelta(hours=24)


class Lost(Exception):
    """It will never be had; the message is the reason, for people."""

    def __init__(self, state: MediaState, reason: str) -> None:
        super().__init__(reason)
        self.state = state


def fetch_recording(desk: Helpline, held: work.Claim) -> None:
    """Do one piece of FETCH_RECORDING work: stream it into the store, then on to its words."""
    with desk.database.unit() as unit:
        recording = unit.get_one(Recording, held.ref)
        if recording.media != MediaState.PENDING:
            work.finish(unit, held, now=desk.now())
            return
        sid = recording.sid
    try:
        blob, media = into_store(desk, held, lambda: desk.carrier.open_recording(sid), limit=desk.media_limit)
    except Lost as lost:
        log.error("the recording is lost", reason=str(lost))
        with desk.database.unit() as unit:
            recordings.lost(unit, held.ref, media=lost.state, reason=str(lost), now=desk.now(), rules=desk.rules)
            work.finish(unit, held, now=desk.now(), error=str(lost))
    except CarrierError as error:
        later(desk, held, error)
    else:
        with desk.database.unit() as unit:
            recordings.stored(
                unit, held.ref, blob=blob.hash, content_type=media.content_type, now=desk.now(), rules=desk.rules
            )
            work.finish(unit, held, now=desk.now())
        log.info("recording stored", recording=sid, bytes=blob.size)


def into_store(
    desk: Helpline, held: work.Claim, download: Callable[[], AbstractContextManager[Media]], *, limit: int
) -> tuple[Blob, Media]:
    """Stream a download into the store. Raises Lost when it will never be had, CarrierError when it may be later."""
    try:
        with download() as media:
            return desk.blobs.put(media.chunks, limit=limit), media
    except TooLarge:
        raise Lost(MediaState.REFUSED, f"larger than {limit // 1_000_000} MB") from None
    except NotThere as error:
        if held.attempts >= MISSING_AFTER:
            raise Lost(MediaState.MISSING, str(error)) from error
        raise
    except CarrierError as error:
        if desk.now() - held.created_at > GIVE_UP_AFTER:
            raise Lost(MediaState.MISSING, str(error)) from error
        raise


def later(desk: Helpline, held: work.Claim, error: CarrierError) -> None:
    """The carrier does not have it yet, or does not answer: again after a pause that grows."""
    log.info("the file is not to be had yet", error=str(error))
    with desk.database.unit() as unit:
        work.retry(unit, held, now=desk.now(), error=str(error))


def delete_recording(desk: Helpline, held: work.Claim) -> None:
    """Do one piece of DELETE_RECORDING work: only what we hold ourselves is deleted at the carrier."""
    with desk.database.unit() as unit:
        recording = unit.get_one(Recording, held.ref)
        sid = recording.sid if recording.media == MediaState.STORED else None
    if sid is not None:
        desk.carrier.delete_recording(sid)
    with desk.database.unit() as unit:
        unit.get_one(Recording, held.ref).deleted_at = desk.now() if sid is not None else None
        work.finish(unit, held, now=desk.now())
