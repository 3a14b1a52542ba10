"""How a whole recording is heard, whichever engine does it: window by window, with doubts (no torch in here).

An engine hears one window of up to 28 seconds at a time. This module chooses the windows at pauses, carries the prompt and the
last words from one to the next, settles the language, and drops what Whisper invented.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from transcribe import speech
from transcribe.audio import RATE, Audio
from transcribe.engine import Heard, Segment

PADDING = 5.0
"""Seconds of silence after a window. Whisper was trained on 30 s; with 1 s the words fall apart, from 3 s on they do not."""

BEAM = 5
_NO_SPEECH, _UNLIKELY = 0.6, -1.0
_LOOPING = 2.4
"""Whisper's own thresholds: its "no speech" token, mean log-probability of a token, and how well looping text compresses."""

_SPANISH = 0.6
_CARRIED_WORDS = 40


@dataclass(frozen=True)
class Words:
    """What one window gave. ``pieces`` are (start, end, text) in seconds of the window; ``log_probability`` is per token."""

    pieces: tuple[tuple[float, float, str], ...]
    log_probability: float
    no_speech: float
    tokens: int

    @property
    def text(self) -> str:
        return " ".join(text for _, _, text in self.pieces).strip()


class Ear(Protocol):
    """A model with one window in it; encoding happens once, however often it is asked."""

    def languages(self) -> Mapping[str, float]:
        """The probability of each language code."""
        ...

    def words(self, *, prompt: str, language: str) -> Words:
        """The words of the window."""
        ...


def listen(
    audio: Audio,
    encode: Callable[[NDArray[np.float32]], Ear],
    *,
    prompt: str,
    language: str | None,
    on_progress: Callable[[float], None] | None,
) -> Heard:
    """Hear a whole recording with ``encode``, which takes a window's samples. See :meth:`Engine.transcribe`."""
    parts = speech.windows(speech.stretches(audio.samples), audio.samples)
    segments: list[Segment] = []
    weighed, tokens = 0.0, 0
    for number, part in enumerate(parts, start=1):
        ear = encode(np.ascontiguousarray(audio.samples[part.start : part.end]))
        language = language or settle(ear.languages())
        words = _believable(ear, prompt=_context(prompt, segments), language=language)
        if words is not None:
            segments += _segments(words, part)
            weighed, tokens = weighed + words.log_probability * words.tokens, tokens + words.tokens
        if on_progress:
            on_progress(number / len(parts))
    text = " ".join(segment.text for segment in segments)
    confidence = math.exp(weighed / tokens) if tokens else 0.0
    return Heard(text=text, language=language or "en", confidence=min(1.0, confidence), segments=tuple(segments))


def settle(probabilities: Mapping[str, float]) -> str:
    """English unless it is plainly Spanish: callers of this desk speak one of the two, noise speaks all hundred."""
    spanish, english = probabilities.get("es", 0.0), probabilities.get("en", 0.0)
    return "es" if spanish > _SPANISH * (spanish + english) and spanish > 0.2 else "en"


def looping(text: str) -> bool:
    """Whether the text repeats itself as Whisper does when it is lost."""
    raw = text.encode()
    return bool(raw) and len(raw) / len(zlib.compress(raw)) > _LOOPING


def _believable(ear: Ear, *, prompt: str, language: str) -> Words | None:
    """The window's words, heard again without the prompt when they loop, and None when Whisper itself doubts them."""
    words = ear.words(prompt=prompt, language=language)
    if prompt and looping(words.text):
        words = ear.words(prompt="", language=language)
    doubtful = words.no_speech > _NO_SPEECH and words.log_probability < _UNLIKELY
    return None if doubtful or not words.text else words


def _context(prompt: str, segments: Sequence[Segment]) -> str:
    carried = " ".join(segment.text for segment in segments).split()[-_CARRIED_WORDS:]
    return " ".join([prompt, *carried]).strip()


def _segments(words: Words, part: speech.Stretch) -> list[Segment]:
    offset, length = part.start / RATE, (part.end - part.start) / RATE
    confidence = min(1.0, math.exp(words.log_probability))
    return [
        Segment(
            start=round(offset + min(start, length), 2),
            end=round(offset + min(max(end, start), length), 2),
            text=text,
            confidence=round(confidence, 3),
        )
        for start, end, text in words.pieces
    ]


def pieces(
    tokens: Sequence[int], *, timestamps_from: int, decode: Callable[[list[int]], str], seconds: float
) -> tuple[tuple[float, float, str], ...]:
    """Split Whisper's tokens at its timestamps (20 ms each from ``timestamps_from`` on) into (start, end, text)."""
    found: list[tuple[float, float, str]] = []
    start, held = 0.0, list[int]()
    for token in tokens:
        if token < timestamps_from:
            held.append(token)
            continue
        at = (token - timestamps_from) * 0.02
        if held and (text := decode(held).strip()):
            found.append((start, at, text))
        start, held = at, []
    if held and (text := decode(held).strip()):
        found.append((start, seconds, text))
    return tuple(found)
