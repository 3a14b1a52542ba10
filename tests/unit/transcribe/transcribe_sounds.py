"""Sounds made for the tests: what is on a telephone line besides voices, and files of many kinds."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from transcribe.audio import RATE, Audio

Sound = NDArray[np.float32]

SAMPLES = Path(__file__).parents[3] / "samples"


def clock(seconds: float) -> NDArray[np.float64]:
    return np.arange(int(seconds * RATE)) / RATE


def hiss(seconds: float, decibels: float, *, seed: int = 7) -> Sound:
    """White noise of a level relative to full scale."""
    noise = np.random.default_rng(seed).standard_normal(int(seconds * RATE))
    return (noise * 10 ** (decibels / 20)).astype(np.float32)


def tones(seconds: float, hertz: tuple[float, ...], bursts: tuple[tuple[float, float], ...]) -> Sound:
    """Tones together, sounding from each burst's start to its end, on a faintly hissing line."""
    time = clock(seconds)
    sound = hiss(seconds, -66).astype(np.float64)
    for start, end in bursts:
        on = (time >= start) & (time < end)
        sound[on] += sum(0.15 * np.sin(2 * np.pi * pitch * time[on]) for pitch in hertz)
    return sound.astype(np.float32)


def hum(seconds: float) -> Sound:
    """Mains hum with its harmonics."""
    time = clock(seconds)
    return sum(0.1 / k * np.sin(2 * np.pi * 60 * k * time) for k in (1, 2, 3, 5, 7)).astype(np.float32)


def clicks(seconds: float) -> Sound:
    """A click of 12 ms every second."""
    sound = hiss(seconds, -66)
    for start in range(RATE // 2, sound.size - 200, RATE):
        sound[start : start + 200] += hiss(0.0125, -6, seed=start)
    return sound


def audio(sound: Sound) -> Audio:
    return Audio(samples=sound, seconds=sound.size / RATE)


def encoded(container: str, codec: str, *, rate: int = 8_000, seconds: float = 3.0) -> bytes:
    """A file with a 440 Hz tone in it."""
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)
    target = io.BytesIO()
    with av.open(target, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(tone.reshape(1, -1), format="flt", layout="mono")
        frame.rate = rate
        fitting = av.AudioResampler(
            format=stream.format.name, layout="mono", rate=rate, frame_size=stream.frame_size or None
        )
        for part in [*fitting.resample(frame), *fitting.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return target.getvalue()
