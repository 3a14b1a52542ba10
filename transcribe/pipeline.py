"""From a recording to what the desk keeps of it: its words, or why there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from transcribe import speech
from transcribe.audio import RATE, SHORTEST_SPEECH, Audio, AudioError, AudioProblem, decode
from transcribe.clean import callback_number, tidy
from transcribe.engine import Engine, Heard, Segment

LONGEST_HEARD = 15 * 60
"""Seconds of a recording that are transcribed. A longer voicemail is a phone left off the hook; its first quarter of an hour
takes minutes to hear and says what there is to say, and the recording itself is kept whole."""

SAMPLE_NUMBER = "903-555-0100"
"""The number in the prompt shows Whisper how to write one. It is reserved for fiction: no caller has it."""

_SAMPLE = "+1" + SAMPLE_NUMBER.replace("-", "")
_NAMES_LENGTH = 400
"""Characters of client names in a prompt: Whisper reads the last 223 tokens of it, about 800 characters."""

_PROBLEMS = {
    AudioProblem.EMPTY: "the recording is empty",
    AudioProblem.CORRUPTED: "the recording is damaged and cannot be decoded",
    AudioProblem.NOT_AUDIO: "the file is not a sound recording",
    AudioProblem.TOO_LONG: "the recording is longer than three hours",
}


class State(StrEnum):
    """What became of the recording, as the desk sees it."""

    DONE = "done"
    SILENT = "silent"
    FAILED = "failed"


@dataclass(frozen=True)
class Transcription:
    """What the desk keeps of one recording.

    ``seconds`` is the recording's length, ``callback_number`` E.164, ``confidence`` 0..1. ``problem`` says in words what could
    not be done, else None; a recording that was too long to be heard whole is ``done`` with a problem.
    """

    state: State
    text: str = ""
    language: str = "en"
    confidence: float = 0.0
    callback_number: str | None = None
    segments: tuple[Segment, ...] = ()
    problem: str | None = None
    seconds: float = 0.0


def transcribe_audio(
    source: Path | BinaryIO,
    *,
    engine: Engine,
    clients: Sequence[str] = (),
    client: str | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Transcription:
    """Transcribe one recording; every kind of sound file ends in one of the three states.

    ``clients`` are names that may be said, ``client`` the one known by caller id. An empty or wordless recording is ``silent``,
    one that is no sound, damaged or over three hours ``failed``. Raises OSError for a source that cannot be read, and what
    the engine raises when the machine fails it (memory, device): both may be tried again.
    """
    try:
        audio = decode(source)
    except AudioError as error:
        state = State.SILENT if error.kind is AudioProblem.EMPTY else State.FAILED
        return Transcription(state=state, problem=_PROBLEMS[error.kind])
    part, problem = _spoken_part(audio)
    if part is None:
        return Transcription(state=State.SILENT, seconds=audio.seconds)
    heard = _hear(part, engine=engine, clients=clients, client=client, on_progress=on_progress)
    offset = 0.0 if part.samples.size == audio.samples.size else _offset(audio)
    segments = _tidied(heard.segments, offset)
    text = tidy(" ".join(segment.text for segment in segments))
    if not any(character.isalnum() for character in text):
        return Transcription(state=State.SILENT, seconds=audio.seconds)
    return Transcription(
        state=State.DONE,
        text=text,
        language=heard.language,
        confidence=heard.confidence,
        callback_number=callback_number(text),
        segments=segments,
        problem=problem,
        seconds=audio.seconds,
    )


def prompt_for(language: str, *, clients: Sequence[str] = (), client: str | None = None, number: bool = True) -> str:
    """What Whisper is told was said just before: the names it may hear, and how a number is written.

    The client known by caller id goes alone, since its name helps more than a list and a list misleads.
    """
    names = [client] if client else _fitting(clients)
    if language == "es":
        call = f" Por favor llámeme al {SAMPLE_NUMBER}." if number else ""
        return f"{', '.join(names)}. " * bool(names) + "Mensaje de voz para la mesa de ayuda." + call
    call = f" Please call me back at {SAMPLE_NUMBER}." if number else ""
    if client:
        return f"Voicemail from {client} for the IT help desk. This is {client}." + call
    return f"Clients: {', '.join(names)}. " * bool(names) + "Voicemail for the IT help desk." + call


def _hear(
    audio: Audio,
    *,
    engine: Engine,
    clients: Sequence[str],
    client: str | None,
    on_progress: Callable[[float], None] | None,
) -> Heard:
    def hear(language: str | None, *, number: bool) -> Heard:
        prompt = prompt_for(language or "en", clients=clients, client=client, number=number)
        return engine.transcribe(audio, prompt=prompt, language=language, on_progress=on_progress)

    heard = hear(None, number=True)
    if heard.language == "es" and heard.text:
        heard = hear("es", number=True)
    if callback_number(heard.text) == _SAMPLE or SAMPLE_NUMBER in heard.text:
        # Whisper may have read the prompt aloud. Without the number in it, only what was spoken is left.
        heard = hear(heard.language, number=False)
    return heard


def _spoken_part(audio: Audio) -> tuple[Audio | None, str | None]:
    """What is to be heard of a recording, and what has to be said about the rest; None when nobody speaks."""
    found = speech.stretches(audio.samples)
    if speech.seconds_of(found) < SHORTEST_SPEECH:
        return None, None
    if audio.seconds <= LONGEST_HEARD:
        return audio, None
    start = _first_words(found)
    samples = audio.samples[start : start + LONGEST_HEARD * RATE]
    problem = f"only {LONGEST_HEARD // 60} minutes of {audio.seconds / 60:.0f} were transcribed"
    return Audio(samples=samples, seconds=samples.size / RATE), problem


def _first_words(found: tuple[speech.Stretch, ...]) -> int:
    return max(0, found[0].start - RATE)


def _offset(audio: Audio) -> float:
    return _first_words(speech.stretches(audio.samples)) / RATE


def _tidied(segments: Sequence[Segment], offset: float) -> tuple[Segment, ...]:
    return tuple(
        Segment(start=segment.start + offset, end=segment.end + offset, text=text, confidence=segment.confidence)
        for segment in segments
        if (text := tidy(segment.text))
    )


def _fitting(names: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for name in names:
        if sum(map(len, kept)) + len(name) > _NAMES_LENGTH:
            break
        kept.append(name)
    return kept
