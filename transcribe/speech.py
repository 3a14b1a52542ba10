"""Where in a recording somebody speaks (pure, numpy only).

Built to say "nobody" only when that is plain: line noise, hum, clicks, key tones and the beep are not speech; anything that
rises and falls like a voice is, however quiet. What slips through is caught by Whisper's own doubts later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
_FRAME, _HOP = 512, 256
"""32 ms frames every 16 ms: long enough to tell a tone from a voice, short enough to see a click for what it is."""

_BAND = slice(7, 110)
"""The bins of 220-3400 Hz: above mains hum and its first harmonics, within the telephone's band."""

_ABOVE_FLOOR_DB = 6.0
"""Steady noise of the band varies by less than 1 dB from frame to frame; a voice rises 10 to 40 dB over its own pauses."""

_FAINTEST_DB = -72.0
"""Below this, relative to full scale, is the dither of a 16-bit or mu-law line. Speech at arm's length lies near -45."""

_TONE_SHARE, _TONE_FRAMES = 0.95, 5
"""A tone (key, beep, busy signal) keeps 95 % of its power at one or two steady frequencies; no vowel does for 80 ms."""

_SHORTEST_RUN = 5
"""Bursts under 80 ms are clicks and knocks; the shortest syllables are longer."""

_STEADY_RUN, _STEADY_DB = 32, 1.5
"""Half a second at one level is a fan or a hiss that was switched on; a voice moves by many dB in that time."""

_BLOCK = 60 * RATE

Decibels = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Stretch:
    """A stretch of a recording; ``start`` and ``end`` count samples at 16 kHz."""

    start: int
    end: int


def stretches(samples: NDArray[np.float32]) -> tuple[Stretch, ...]:
    """The stretches in which somebody may be speaking, in order; empty for a recording without speech."""
    found: list[Stretch] = []
    for offset, block in _blocks(samples):
        level, tone = _analyse(block)
        floor = float(np.percentile(level, 10)) if level.size else 0.0
        active = (level > max(floor + _ABOVE_FLOOR_DB, _FAINTEST_DB)) & ~tone
        for first, last in _runs(active):
            steady = last - first >= _STEADY_RUN and float(np.std(level[first:last])) < _STEADY_DB
            if last - first >= _SHORTEST_RUN and not steady:
                found.append(Stretch(offset + first * _HOP, offset + (last - 1) * _HOP + _FRAME))
    return tuple(found)


def seconds_of(found: tuple[Stretch, ...]) -> float:
    """How long the stretches are together."""
    return sum(stretch.end - stretch.start for stretch in found) / RATE


def windows(
    found: tuple[Stretch, ...], samples: NDArray[np.float32], *, longest: float = 28.0, pause: float = 4.0
) -> tuple[Stretch, ...]:
    """The stretches put together into windows for Whisper, none longer than ``longest`` seconds.

    Pauses shorter than ``pause`` stay inside, half a second is kept around, and a long speech is cut where it is quietest.
    """
    margin, gap = RATE // 2, int(pause * RATE)
    joined: list[Stretch] = []
    for stretch in found:
        start, end = max(0, stretch.start - margin), min(samples.size, stretch.end + margin)
        if joined and start - joined[-1].end < gap:
            joined[-1] = Stretch(joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(Stretch(start, end))
    return tuple(part for whole in joined for part in _cut(whole, samples, int(longest * RATE)))


def _cut(whole: Stretch, samples: NDArray[np.float32], longest: int) -> Iterator[Stretch]:
    start = whole.start
    while whole.end - start > longest:
        search = start + longest * 2 // 3
        power = np.square(samples[search : start + longest].astype(np.float64))
        steps = power[: power.size // 1600 * 1600].reshape(-1, 1600).sum(axis=1)
        # Three tenths of a second at least, so that the cut falls between words and not into a closed consonant.
        quiet = np.convolve(steps, np.ones(3), mode="valid")
        middle = search + (int(quiet.argmin()) * 1600) + 2400
        yield Stretch(start, middle)
        start = middle
    yield Stretch(start, whole.end)


def _blocks(samples: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Minute by minute: the floor follows the line, and a two-hour recording costs no memory."""
    for start in range(0, max(samples.size, 1), _BLOCK):
        block = samples[start : start + _BLOCK]
        yield start, np.pad(block, (0, _FRAME - block.size)) if block.size < _FRAME else block


def _analyse(block: NDArray[np.float32]) -> tuple[Decibels, Mask]:
    """Per frame: level of the band in dB of full scale, and whether it is part of a steady tone."""
    frames = np.lib.stride_tricks.sliding_window_view(block, _FRAME)[::_HOP]
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(_FRAME).astype(np.float32), axis=1)))[:, _BAND]
    total = power.sum(axis=1, dtype=np.float64)
    level = 10 * np.log10(total * (16 / 3) / _FRAME**2 + 1e-12)
    first, rest = _strongest(power)
    second, _ = _strongest(rest)
    share = 1 - _without(_without(power, first), second).sum(axis=1) / np.maximum(total, 1e-20)
    low = np.minimum(first, second)
    steady = np.abs(np.diff(first, prepend=first[:1])) <= 1
    steady |= np.abs(np.diff(low, prepend=low[:1])) <= 1
    tonal = (share > _TONE_SHARE) & steady
    tone = np.zeros_like(tonal)
    for start, end in _runs(tonal):
        # The frames at both ends of a tone hold a part of it and the splatter of its edge.
        if end - start >= _TONE_FRAMES:
            tone[max(0, start - 2) : end + 2] = True
    return level, tone


def _strongest(power: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    peak = power.argmax(axis=1)
    return peak, _without(power, peak)


def _without(power: NDArray[np.float32], peak: NDArray[np.int64]) -> NDArray[np.float32]:
    """The spectra without the two bins on either side of each frame's peak (the width of the window's main lobe)."""
    near = np.abs(np.arange(power.shape[1])[None, :] - peak[:, None]) <= 2
    return np.where(near, np.float32(0), power)


def _runs(mask: Mask) -> Iterator[tuple[int, int]]:
    """First index and one past the last of every run of True."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
