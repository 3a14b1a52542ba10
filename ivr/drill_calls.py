"""Who places the call of a drill: the sandbox's control API, or the real carrier by its REST API."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import requests
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from twilio.twiml.voice_response import VoiceResponse

from flows.drilling import Move
from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxError
from ivr.settings import Settings

#: What the caller of a drill says. It is said over and over, because a voice cannot hear the tone.
WORDS = "This is a drill of the help desk. Nothing is wrong. This is only a drill."
TIMES = 3

#: Seconds before the tone is expected at which the caller begins to speak, and after the words before the call ends.
EARLY, LATE = 3, 3

#: Seconds for one request to the carrier, and for each of the sandbox's moves.
TIMEOUT = 10.0
PATIENCE = 30.0

#: Beside the packages, in a checkout.
SAMPLE = Path(__file__).resolve().parents[1] / "samples" / "short.wav"


class NotPlaced(Exception):
    """The call could not be placed, or its caller could not go on. The message holds no secret."""


class Placer(Protocol):
    """Plays the caller. Returns when the caller has done everything, or when the carrier does it alone from here."""

    def __call__(self, moves: Sequence[Move]) -> None:
        """Call the desk from its own number and make the moves; then speak, and hang up. Raises NotPlaced."""


def placer(settings: Settings) -> Placer:
    """The one for these settings."""
    return by_sandbox(settings) if settings.sandbox else by_carrier(settings)


def by_sandbox(settings: Settings, sample: Path = SAMPLE) -> Placer:
    """A phone of the sandbox, which dials, presses, speaks and hangs up as soon as the desk listens."""
    phone = ControlClient(settings.twilio_api_url)

    def place(moves: Sequence[Move]) -> None:
        try:
            call = phone.call(settings.twilio_number, pace="caller")
            for move in moves[:-1]:
                if move.key is None:
                    phone.stay_silent(call, wait=PATIENCE)
                else:
                    phone.press(call, move.key, wait=PATIENCE)
            phone.speak(call, sample.read_bytes(), wait=PATIENCE)
            phone.hang_up(call)
        except OSError as error:
            raise NotPlaced(f"there is no {sample.name} to speak: {error.strerror}") from error
        except SandboxError as error:
            raise NotPlaced(str(error)) from error

    return place


def by_carrier(settings: Settings) -> Placer:
    """The real carrier calls our number from our number and plays the caller by itself, with TwiML that it has at once."""

    def place(moves: Sequence[Move]) -> None:
        client = Client(settings.account_sid, settings.auth_token, http_client=TwilioHttpClient(timeout=TIMEOUT))
        client.api.base_url = settings.twilio_api_url
        number = settings.twilio_number
        _asked(lambda: client.calls.create(to=number, from_=number, twiml=script(moves)))

    return place


def _asked(request: Callable[[], object]) -> None:
    try:
        request()
    except TwilioException as error:
        raise NotPlaced(f"the carrier would not place the call: {getattr(error, 'msg', None) or error}") from error
    except requests.RequestException as error:
        raise NotPlaced(f"the carrier did not answer: {type(error).__name__}") from error


def script(moves: Sequence[Move]) -> str:
    """What the caller of a drill does, as TwiML: wait, press, wait, speak across the tone, pound, and the end."""
    response = VoiceResponse()
    waited = 0.0
    for move in moves[:-1]:
        waited += move.seconds
        if move.key is not None:
            response.pause(length=max(1, round(waited)))
            response.play(digits=move.key)
            waited = 0.0
    waited += moves[-1].seconds if moves else 0.0
    response.pause(length=max(1, round(waited) - EARLY))
    response.say(WORDS, loop=TIMES)
    response.play(digits="#")
    response.pause(length=LATE)
    response.hangup()
    return str(response)
