"""Sound files to samples: any container and codec in, 16 kHz mono float32 out, in bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, BinaryIO

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from transcribe.speech import seconds_of, stretches

Samples = NDArray[np.float32]

RATE = 16_000
SHORTEST_SPEECH = 0.3
_IN_MEMORY = 10 * 60 * RATE
"""Up to ten minutes (38 MB) stay in memory; a longer recording lies in a temporary file that the system may page out."""


_ALONE = {"protocol_whitelist": "pipe"}
"""A playlist that poses as a recording must not make the decoder open other files or addresses."""


class AudioProblem(StrEnum):
    """Why a file gave no samples, as a technician would say it."""

    EMPTY = "empty"
    CORRUPTED = "corrupted"
    NOT_AUDIO = "not_audio"
    TOO_LONG = "too_long"


class AudioError(Exception):
    """A file gave no samples; ``kind`` says why."""

    def __init__(self, kind: AudioProblem, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else str(kind))
        self.kind = kind


@dataclass(frozen=True)
class Audio:
    """Mono sound at 16 kHz: ``samples`` is float32 in -1..1, ``seconds`` its length."""

    samples: Samples
    seconds: float


def decode(source: Path | BinaryIO, *, max_seconds: int = 3 * 3600) -> Audio:
    """Read a sound file of any container and codec that FFmpeg's libraries know.

    A file that breaks off, or has broken packets in it, gives what could be decoded. Memory stays bounded: beyond ten
    minutes the samples are a mapped temporary file. Raises :class:`AudioError`: ``empty`` (no bytes, or a sound of no length),
    ``not_audio`` (another kind of file, or one without a sound track), ``corrupted`` (it claims to be sound and gives none),
    ``too_long`` (more than ``max_seconds``). A missing or unreadable file raises OSError, as everywhere.
    """
    with source.open("rb") if isinstance(source, Path) else _borrowed(source) as stream:
        start = stream.read(4096)
        if not start:
            raise AudioError(AudioProblem.EMPTY, "the file has no bytes")
        stream.seek(0)
        with tempfile.TemporaryFile() as spill:
            samples = _gather(_chunks(stream, start), spill, max_seconds)
    if samples.size == 0:
        raise AudioError(AudioProblem.EMPTY, "the sound has no length")
    return Audio(samples=samples, seconds=samples.size / RATE)


class _borrowed:  # noqa: N801 - reads as a verb in the with statement above
    """A stream of the caller, which stays open."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def __enter__(self) -> BinaryIO:
        self._stream.seek(0)
        return self._stream

    def __exit__(self, *_: object) -> None:
        return None


def _chunks(stream: BinaryIO | IO[bytes], start: bytes) -> Iterator[Samples]:
    """Decoded sound, some thousand samples at a time."""
    try:
        container = av.open(stream, mode="r", metadata_errors="ignore", options=_ALONE)
    except (av.error.FFmpegError, ValueError, OSError) as problem:
        kind = AudioProblem.CORRUPTED if _claims_sound(start) else AudioProblem.NOT_AUDIO
        raise AudioError(kind, _reason(problem)) from problem
    with container:
        if not container.streams.audio:
            raise AudioError(AudioProblem.NOT_AUDIO, "the file has no sound track")
        resampler = AudioResampler(format="flt", layout="mono", rate=RATE)
        good, last = False, "no packet could be decoded"
        for packet in _packets(container):
            try:
                for frame in packet.decode():
                    for part in resampler.resample(frame):
                        good = True
                        yield _samples(part)
            except av.error.FFmpegError as problem:
                last = _reason(problem)
        if good:
            for part in resampler.resample(None):
                yield _samples(part)
        elif container.streams.audio[0].duration != 0 and _has_body(stream):
            raise AudioError(AudioProblem.CORRUPTED, last)


def _samples(frame: av.AudioFrame) -> Samples:
    return np.asarray(frame.to_ndarray(), dtype=np.float32).reshape(-1)


def _packets(container: av.container.InputContainer) -> Iterator[av.Packet[av.AudioStream]]:
    """Packets until the file ends or breaks; a break in the container ends the sound, it does not lose it."""
    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            return
        yield packet


def _gather(chunks: Iterator[Samples], spill: IO[bytes], max_seconds: int) -> Samples:
    kept: list[Samples] = []
    total, on_disk = 0, False
    for chunk in chunks:
        total += chunk.size
        if total > max_seconds * RATE:
            raise AudioError(AudioProblem.TOO_LONG, f"more than {max_seconds} seconds")
        kept.append(chunk)
        if on_disk or total > _IN_MEMORY:
            on_disk = True
            for piece in kept:
                spill.write(piece.tobytes())
            kept.clear()
    if not on_disk:
        return np.concatenate(kept) if kept else np.zeros(0, dtype=np.float32)
    spill.flush()
    return np.memmap(spill, dtype=np.float32, mode="r", shape=(total,))


def _claims_sound(start: bytes) -> bool:
    """Whether the first bytes are those of a sound container that helpline may meet."""
    riff = start.startswith((b"RIFF", b"RF64")) and start[8:12] in {b"WAVE", b""}
    return riff or start.startswith((b"OggS", b"ID3", b"fLaC", b"caff", b"FORM", b".snd", b"\xff\xfb", b"\xff\xf3"))


def _has_body(stream: BinaryIO | IO[bytes]) -> bool:
    """Whether the file is more than a header (the header of a WAV file of no length has 44 to about 100 bytes)."""
    return stream.seek(0, 2) > 200


def _reason(problem: Exception) -> str:
    return str(getattr(problem, "strerror", None) or problem)


def is_silent(audio: Audio) -> bool:
    """Whether nobody says anything: line noise, hum, clicks, key tones and beeps are silence, a quiet voice is not.

    The thresholds are those of :mod:`transcribe.speech`; under 0.3 s of possible speech, which is less than one short word
    between two breaths, there are no words to be had.
    """
    return seconds_of(stretches(audio.samples)) < SHORTEST_SPEECH
