"""Instructions of the engine to TwiML. Pure: the same instructions and addresses give the same text."""

from dataclasses import dataclass
from functools import lru_cache

from twilio.twiml.voice_response import Gather as GatherVerb
from twilio.twiml.voice_response import VoiceResponse

from flows.instructions import (
    Connect,
    Gather,
    Hangup,
    Instruction,
    Pause,
    Play,
    Prompt,
    Record,
    Say,
    Transfer,
)

EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

#: Ask the carrier to try these again on any failure: they have no caller waiting (docs/carrier.md).
RETRIED = "#rc=3&rp=all"
RECORDING_PATH = "/twilio/recording"


@dataclass(frozen=True)
class Addresses:
    """Where the carrier goes next: `action` for the caller's next step, `recording` for the events of a recording, `room`
    for those of a conversation, `sounds` for our own sound files."""

    action: str
    recording: str = ""
    room: str = ""
    sounds: str = ""


def _prompt(verb: VoiceResponse | GatherVerb, prompt: Prompt, sounds: str) -> None:
    match prompt:
        case Say(text=text, language=language, voice=voice):
            verb.say(text, language=language, **({"voice": voice} if voice else {}))
        case Play(url=url):
            verb.play(url if ":" in url else f"{sounds}/{url}" if "." in url else f"{sounds}/{url}.wav")
        case Pause(seconds=seconds):
            verb.pause(length=seconds)


def _gather(response: VoiceResponse, asked: Gather, addresses: Addresses) -> None:
    gather = GatherVerb(
        input="dtmf",
        action=addresses.action,
        method="POST",
        timeout=asked.timeout,
        num_digits=asked.digits,
        finish_on_key=asked.finish_on_key,
        action_on_empty_result=True,
    )
    for prompt in asked.prompts:
        _prompt(gather, prompt, addresses.sounds)
    response.append(gather)
    response.redirect(addresses.action, method="POST")


def _record(response: VoiceResponse, wanted: Record, addresses: Addresses) -> None:
    response.record(
        action=addresses.action,
        method="POST",
        timeout=wanted.silence_seconds,
        finish_on_key=wanted.finish_on_key,
        max_length=wanted.max_seconds,
        play_beep=wanted.beep,
        recording_status_callback=addresses.recording + RETRIED,
        recording_status_callback_method="POST",
        recording_status_callback_event="in-progress completed absent",
    )
    response.redirect(addresses.action, method="POST")


def _conference(response: VoiceResponse, talk: Connect, addresses: Addresses) -> None:
    response.dial(action=addresses.action, method="POST").conference(
        talk.room,
        beep="false",
        start_conference_on_enter=talk.leads,
        end_conference_on_exit=talk.host,
        wait_url="",
        status_callback=addresses.room + RETRIED,
        status_callback_method="POST",
        status_callback_event="start end join leave",
    )


@lru_cache(maxsize=1024)
def render(instructions: tuple[Instruction, ...], addresses: Addresses) -> str:
    """The TwiML for one turn. Silence after a Gather comes back to `action` as an empty result, and a Record that the
    carrier drops (an empty one may fall through, docs/carrier.md) does too, so no turn ends in nothing. Most callers
    hear the same greeting, so recent answers are kept."""
    response = VoiceResponse()
    for instruction in instructions:
        match instruction:
            case Say() | Play() | Pause():
                _prompt(response, instruction, addresses.sounds)
            case Gather():
                _gather(response, instruction, addresses)
            case Record():
                _record(response, instruction, addresses)
            case Connect():
                _conference(response, instruction, addresses)
            case Transfer(number=number, seconds=seconds):
                # The caller's line counts as answered all along; what matters is who picks up at the other end.
                response.dial(action=addresses.action, method="POST", timeout=seconds).number(number)
            case Hangup():
                response.hangup()
            case _:  # an effect for the desk
                continue
    return str(response)
