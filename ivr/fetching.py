"""Fetching recordings from the carrier into the blob store, and deleting them there when a setting says so."""

from datetime import timedelta

import structlog

from ivr.carrier.base import CarrierError, NotThere
from ivr.wiring import Helpline
from tickets import recordings, work
from tickets.models import Recording
from tickets.states import MediaState
from tickets.storage import TooLarge

log = structlog.get_logger(__name__)

#: A file that is not there yet appears within seconds (carrier-facts §2); after so many attempts, some twenty minutes,
#: it never will.
MISSING_AFTER = 12

#: A carrier that does not answer is asked again for so long.
GIVE_UP_AFTER = timedelta(hours=24)


def fetch_recording(desk: Helpline, held: work.Claim) -> None:
    """Do one piece of FETCH_RECORDING work: stream it into the store, then on to its words."""
    with desk.database.unit() as unit:
        recording = unit.get_one(Recording, held.ref)
        if recording.media != MediaState.PENDING:
            work.finish(unit, held, now=desk.now())
            return
        sid = recording.sid
    try:
        with desk.carrier.open_recording(sid) as media:
            blob = desk.blobs.put(media.chunks, limit=desk.media_limit)
    except TooLarge:
        _lost(desk, held, MediaState.REFUSED, f"larger than {desk.media_limit // 1_000_000} MB")
    except NotThere as error:
        if held.attempts >= MISSING_AFTER:
            _lost(desk, held, MediaState.MISSING, str(error))
        else:
            _later(desk, held, error)
    except CarrierError as error:
        if desk.now() - held.created_at > GIVE_UP_AFTER:
            _lost(desk, held, MediaState.MISSING, str(error))
        else:
            _later(desk, held, error)
    else:
        with desk.database.unit() as unit:
            recordings.stored(
                unit, held.ref, blob=blob.hash, content_type=media.content_type, now=desk.now(), rules=desk.rules
            )
            work.finish(unit, held, now=desk.now())
        log.info("recording stored", recording=sid, bytes=blob.size)


def _later(desk: Helpline, held: work.Claim, error: CarrierError) -> None:
    log.info("the recording is not to be had yet", error=str(error))
    with desk.database.unit() as unit:
        work.retry(unit, held, now=desk.now(), error=str(error))


def _lost(desk: Helpline, held: work.Claim, media: MediaState, reason: str) -> None:
    log.error("the recording is lost", reason=reason)
    with desk.database.unit() as unit:
        recordings.lost(unit, held.ref, media=media, reason=reason, now=desk.now(), rules=desk.rules)
        work.finish(unit, held, now=desk.now(), error=reason)


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
