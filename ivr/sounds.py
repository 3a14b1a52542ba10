"""What callers hear that is not spoken: the ringing tone, made here once per process, and the admins' files in the folder
`sounds` beside the flow files. Public, like everything a caller may hear."""

import io
import math
import re
import wave
from array import array
from functools import cache
from pathlib import Path

import structlog
from flask import Blueprint, abort, make_response, request
from werkzeug.wrappers import Response as WerkzeugResponse

from flows.fields import FILE_FORM

log = structlog.get_logger(__name__)

#: The folder beside the flow files, and bytes of the largest file in it that is played: ten minutes of a telephone line.
FOLDER, LARGEST = "sounds", 10_000_000

#: Samples a second of a telephone line.
RATE = 8000
#: The ringing tone of North America: 440 and 480 Hz together. Two seconds of it and two of silence: with the second that
#: the carrier then waits for a key, five seconds of hold.
TONES, LOUD, QUIET = (440, 480), 2, 2
LEVEL = 3500


@cache
def ringing() -> bytes:
    """The ringing tone as a WAV file, 64 kB."""
    tone = array(
        "h", (round(LEVEL * sum(math.sin(2 * math.pi * hz * n / RATE) for hz in TONES)) for n in range(RATE * LOUD))
    )
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(tone.tobytes() + bytes(2 * RATE * QUIET))
    return made.getvalue()


def _ours(folder: Path, name: str) -> bytes:
    """The content of an admin's sound file. 404 for any other name than the flow files may have, for what is no file, and
    for one that is too large to be played."""
    path = folder / name
    try:
        if not re.fullmatch(FILE_FORM, name) or not path.is_file():
            abort(404, "There is no such sound.")
        size = path.stat().st_size
        if size <= LARGEST:
            return path.read_bytes()
        log.warning("a sound file is too large to be played", file=str(path), bytes=size, most=LARGEST)
    except OSError as error:
        log.warning("a sound file cannot be read", file=str(path), error=str(error))
    abort(404, "This sound cannot be played.")


def _answer(content: bytes, *, kind: str, seconds: int) -> WerkzeugResponse:
    """A sound that the carrier may keep so long; after that it asks whether it is still the same. In parts for players."""
    answer = make_response(content)
    answer.mimetype = kind
    answer.cache_control.public, answer.cache_control.max_age = True, seconds
    answer.add_etag()
    return answer.make_conditional(request, accept_ranges=True, complete_length=len(content))


def blueprint(folder: Path) -> Blueprint:
    """The views that the carrier fetches sounds from. `folder` has those of the admins; our own go before them."""
    views = Blueprint("sounds", __name__, url_prefix="/sounds")

    @views.get("/ringing.wav")
    def ringing_tone() -> WerkzeugResponse:
        """Never changes: the carrier keeps it for a day."""
        return _answer(ringing(), kind="audio/wav", seconds=86400)

    @views.get("/<name>")
    def of_the_flow(name: str) -> WerkzeugResponse:
        """A file that the flow files play; what an admin puts in its place is heard within a minute."""
        kind = "audio/mpeg" if name.endswith(".mp3") else "audio/wav"
        return _answer(_ours(folder, name), kind=kind, seconds=60)

    return views
