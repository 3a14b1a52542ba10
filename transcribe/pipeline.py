"""From a recording to what the desk keeps of it: words, language, confidence, callback number, or why there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from transcribe.engine import Engine, Segment


class State(StrEnum):
    """What became of the recording, as the desk sees it."""

    DONE = "done"
    SILENT = "silent"
    FAILED = "failed"


@dataclass(frozen=True)
class Transcription:
    """``seconds`` is the length of the recording; ``problem`` says in words what could not be done, else None."""

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
    raise NotImplementedError
