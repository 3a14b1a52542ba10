"""How a whole recording is heard, whichever engine does it: window by window, with doubts (no torch in here).

An engine hears one window of up to 28 seconds at a time. This module chooses the windows at pauses, carries the prompt and the
last words from one to the next, settles the language, and drops what Whisper invented. A window is a segment of the result:
without Whisper's own timestamps, which nobody needs in a voicemail, it errs less (16 against 18 words in 100) and is quicker.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from transcribe import speech
from transcribe.audio import RATE, Audio
from transcribe.engine import Heard, Segment

PADDING = 5.0
"""Seconds of silence after a window. Whisper was trained on 30 s; with 1 s the words fall apart, from 3 s on they do not."""

BEAM = 5
_LOOPING = 2.4
"""How well text must compress to count as a loop: Whisper's own threshold."""

_ANY_DOUBT, _LITTLE_CONFIDENCE = 0.12, 0.5
_NOBODY, _HARDLY_A_WORD = 0.4, 0.35
_SAME_WORDS = 60.0
"""Measured on voices, wind, traffic, music, breath, slams, keys and babble. With a prompt, Whisper's "no speech" is under 0.1
for a voice and its confidence over 0.5; for anything else it invents, often the prompt itself. Without a prompt "no speech"
tells them apart better, and what was invented comes out differently, while a voice says the same words again."""

_SPANISH = 0.6
_CARRIED_WORDS = 40


@dataclass(frozen=True)
class Words:
    """What one window gave; ``log_probability`` is the mean of a token's, ``no_speech`` the probability of Whisper's token."""

    text: str
    log_probability: float
    no_speech: float
    tokens: int

    @property
    def confidence(self) -> float:
        return min(1.0, math.exp(self.log_probability))


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
            segments.append(_segment(words, part))
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
    """The window's words; None when Whisper invented them, for which doubtful ones are heard a second time, without prompt."""
    words = ear.words(prompt=prompt, language=language)
    lost = looping(words.text)
    if not lost and words.no_speech <= _ANY_DOUBT and words.confidence >= _LITTLE_CONFIDENCE:
        return words if _letters(words.text) else None
    again = ear.words(prompt="", language=language) if prompt else words
    if looping(again.text) and lost:
        return None
    nobody = again.no_speech > _NOBODY or words.confidence < _HARDLY_A_WORD
    same = fuzz.ratio(_letters(words.text), _letters(again.text)) >= _SAME_WORDS and (prompt or not nobody)
    if not _letters(words.text) or (nobody and not same):
        return None
    return again if lost else words


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum() or character == " ").strip()


def _context(prompt: str, segments: Sequence[Segment]) -> str:
    carried = " ".join(segment.text for segment in segments).split()[-_CARRIED_WORDS:]
    return " ".join([prompt, *carried]).strip()


def _segment(words: Words, part: speech.Stretch) -> Segment:
    return Segment(
        start=round(part.start / RATE, 2),
        end=round(part.end / RATE, 2),
        text=words.text,
        confidence=round(words.confidence, 3),
    )
