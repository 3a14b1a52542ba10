"""Our own sounds, made here once per process: what a caller on hold hears. Public, like everything a caller may hear."""

import io
import math
import wave
from array import array
from functools import cache

from flask import Blueprint, make_response, request
from werkzeug.wrappers import Response as WerkzeugResponse

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


def blueprint() -> Blueprint:
    """The view that the carrier fetches sounds from."""
    views = Blueprint("sounds", __name__, url_prefix="/sounds")

    @views.get("/ringing.wav")
    def ringing_tone() -> WerkzeugResponse:
        """The carrier keeps it for a day."""
        answer = make_response(ringing())
        answer.mimetype = "audio/wav"
        answer.cache_control.public, answer.cache_control.max_age = True, 86400
        answer.add_etag()
        return answer.make_conditional(request)

    return views
