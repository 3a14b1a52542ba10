"""Fetching what came with texts from the carrier into the blob store, and making small copies of pictures."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from ivr.carrier.base import CarrierError, Media, NotThere
from ivr.fetching import GIVE_UP_AFTER, Lost, into_store, later
from ivr.wiring import Helpline
from tickets import models, pictures, work
from tickets.sniffing import HEAD, sniff
from tickets.thumbnails import NoThumbnail, thumbnail

log = structlog.get_logger(__name__)

#: A proxy or an error page that answers in the carrier's place says that it is a page. When a picture was announced it is
#: asked again, so many times in all; then it is a picture that is a page, and kept as what it is.
PAGE_BELIEVED_AFTER = 4
_PAGES = ("text/html", "application/json", "application/xml", "text/xml")

#: Bytes of the largest thumbnail; 640 pixels of noise take half of it.
THUMBNAIL_LIMIT = 1_000_000


def fetch_picture(desk: Helpline, held: work.Claim) -> None:
    """Do one piece of FETCH_PICTURE work: stream it into the store and say what it is."""
    with desk.database.unit() as unit:
        wanted = pictures.to_fetch(unit, held.ref)
        if wanted is None:
            work.finish(unit, held, now=desk.now())
            return
    head = bytearray()
    try:
        blob, _ = into_store(desk, held, lambda: _opened(desk, held, wanted, head), limit=desk.picture_limit)
    except Lost as lost:
        log.error("a picture is lost", reason=str(lost))
        with desk.database.unit() as unit:
            pictures.lost(unit, held.ref, state=lost.state, reason=str(lost), now=desk.now())
            work.finish(unit, held, now=desk.now(), error=str(lost))
    except CarrierError as error:
        later(desk, held, error)
    else:
        kind = sniff(bytes(head))
        with desk.database.unit() as unit:
            pictures.stored(unit, held.ref, blob=blob.hash, size=blob.size, content_type=kind, now=desk.now())
            work.finish(unit, held, now=desk.now())
        log.info("picture stored", message=wanted.message_sid, kind=kind, bytes=blob.size)


@contextmanager
def _opened(desk: Helpline, held: work.Claim, wanted: pictures.Wanted, head: bytearray) -> Iterator[Media]:
    """The download; its first bytes are left in `head`."""
    sid = wanted.sid or _ask_for_name(desk, held, wanted)
    with desk.carrier.open_picture(wanted.message_sid, sid) as media:
        served, declared = media.content_type or "", (wanted.declared or "").lower()
        if served.startswith(_PAGES) and declared.startswith("image/") and held.attempts < PAGE_BELIEVED_AFTER:
            raise CarrierError(f"the carrier answered with {served} where {declared} was announced")
        head.clear()
        yield Media(media.content_type, _watched(media.chunks, head))


def _watched(chunks: Iterator[bytes], head: bytearray) -> Iterator[bytes]:
    for chunk in chunks:
        if len(head) < HEAD:
            head += chunk[: HEAD - len(head)]
        yield chunk


def _ask_for_name(desk: Helpline, held: work.Claim, wanted: pictures.Wanted) -> str:
    """The webhook of the text never came, or did not say: the carrier lists what came with it."""
    listed = desk.carrier.pictures_of(wanted.message_sid)
    with desk.database.unit() as unit:
        sid = pictures.name(unit, held.ref, listed)
    if sid is None:
        raise NotThere("the carrier lists fewer pictures with this text (404)")
    return sid


def make_thumbnail(desk: Helpline, held: work.Claim) -> None:
    """Do one piece of MAKE_THUMBNAIL work. A picture that kills its worker is given up after some attempts; a store that does
    not answer is no fault of the picture and is asked for as long as a carrier is."""
    with desk.database.reading() as session:
        picture = session.get_one(models.Media, held.ref)
    hash_, kind = picture.blob or "", picture.content_type or ""
    reason, small = "no preview: the file is gone from the blob store", None
    try:
        with desk.blobs.open(hash_) as file:
            small = desk.blobs.put([thumbnail(file, kind)], limit=THUMBNAIL_LIMIT)
    except NoThumbnail as error:
        reason = str(error)
    except KeyError:
        log.error("a blob is gone", blob=hash_)
    except Exception as error:
        # Whatever a picture does wrong is a NoThumbnail: this is the store.
        log.warning("the blob store does not answer", error=type(error).__name__)
        young = desk.now() - held.created_at < GIVE_UP_AFTER
        with desk.database.unit() as unit:
            work.retry(unit, held, now=desk.now(), error=type(error).__name__, counted=not young)
        return
    with desk.database.unit() as unit:
        if small is None:
            pictures.no_thumbnail(unit, held.ref, reason=reason, now=desk.now())
        else:
            pictures.has_thumbnail(unit, held.ref, small.hash)
        work.finish(unit, held, now=desk.now())
