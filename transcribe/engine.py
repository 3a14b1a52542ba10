"""What the rest of the program knows of a speech engine: one Protocol, one result, one error, one way to load.

Torch and Whisper take seconds to import, so nothing here imports them; the engine modules do, when one is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from transcribe.audio import Audio


class EngineName(StrEnum):
    """The engines that ``WHISPER_ENGINE`` may name."""

    OPENAI_WHISPER = "openai-whisper"
    FASTER_WHISPER = "faster-whisper"


class Device(StrEnum):
    """Where an engine may compute, as ``WHISPER_DEVICE`` names it."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class EngineError(Exception):
    """No engine can be had. The message is one line that names the thing and the fix, fit to be shown to an admin."""


@dataclass(frozen=True)
class Segment:
    """A stretch of words. ``start`` and ``end`` are seconds from the start of the recording, ``confidence`` is 0..1."""

    start: float
    end: float
    text: str
    confidence: float


@dataclass(frozen=True)
class Heard:
    """What an engine heard. Empty text means no words.

    ``language`` is "en" or "es"; ``confidence`` is the mean probability of the tokens, 0..1 (0 when nothing was heard).
    """

    text: str
    language: str
    confidence: float
    segments: tuple[Segment, ...] = ()


class Engine(Protocol):
    """A loaded model. Not thread-safe: one transcription at a time."""

    @property
    def name(self) -> str:
        """One of :class:`EngineName`."""
        ...

    @property
    def model(self) -> str:
        """The model's name or path, as it was asked for."""
        ...

    def transcribe(
        self,
        audio: Audio,
        *,
        prompt: str,
        language: str | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> Heard:
        """Turn sound into words.

        ``prompt`` is text that could have been said just before (style and names), "" for none. ``language`` is "en" or
        "es"; None detects which of the two it is. ``on_progress`` gets the share done, rising from above 0 to 1.
        """
        ...


def load_engine(name: str, *, model: str, device: str, cache: Path, progress: Callable[[str], None]) -> Engine:
    """Load an engine with its weights; takes seconds, so a process does it once.

    ``name`` is an :class:`EngineName`, ``device`` a :class:`Device`, ``model`` a Whisper model name or a path of weights,
    ``cache`` the folder where made or downloaded weights are kept. ``progress`` gets one short line per step.
    Raises :class:`EngineError` for an unknown engine, model or device, a missing package, and weights that cannot be had.
    """
    if name not in set(EngineName):
        raise EngineError(f'WHISPER_ENGINE: no engine is called "{name}"; use {_or(EngineName)}.')
    if device not in set(Device):
        raise EngineError(f'WHISPER_DEVICE: no device is called "{device}"; use {_or(Device)}.')
    if name == EngineName.FASTER_WHISPER:
        from transcribe.faster_whisper import load as load_faster

        return load_faster(model, device=Device(device), cache=cache, progress=progress)
    from transcribe.openai_whisper import load as load_openai

    return load_openai(model, device=Device(device), cache=cache, progress=progress)


def _or(choices: type[StrEnum]) -> str:
    return " or ".join(choices)
