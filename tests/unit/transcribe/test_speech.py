"""Who speaks and who does not: silence has many sounds, and a quiet voice is none of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from transcribe_sounds import SAMPLES, Sound, audio, clicks, hiss, hum, tones

from transcribe.audio import RATE, decode, is_silent
from transcribe.speech import Stretch, seconds_of, stretches, windows

KEYS = ((0.5, 0.7), (1.0, 1.2), (1.5, 1.7), (3.0, 3.2))
CADENCE = ((0.0, 0.5), (1.0, 1.5), (2.0, 2.5), (3.0, 3.5))

SILENCES = {
    "nothing at all": np.zeros(4 * RATE, dtype=np.float32),
    "a faint line": hiss(4, -60),
    "a noisy line": hiss(4, -40),
    "a roaring line": hiss(4, -20),
    "mains hum": hum(4),
    "hum and hiss": hum(4) + hiss(4, -45),
    "clicks": clicks(4),
    "keys pressed": tones(4, (770.0, 1336.0), KEYS),
    "keys on a noisy line": tones(4, (697.0, 1477.0), KEYS) + hiss(4, -42),
    "our own beep": tones(4, (1000.0,), ((0.2, 1.2),)),
    "a short high beep": tones(4, (1400.0,), ((0.2, 0.5),)),
    "a busy signal": tones(4, (480.0, 620.0), CADENCE),
    "a fax calling": tones(4, (1100.0,), ((0.5, 1.0), (3.0, 3.5))),
    "less than one frame": hiss(0.01, -20),
}


@pytest.mark.parametrize("sound", SILENCES.values(), ids=SILENCES.keys())
def test_what_is_on_a_line_without_a_voice_is_silence(sound: Sound) -> None:
    assert is_silent(audio(sound))


@pytest.mark.parametrize("name", ["silent", "hangup"])
def test_the_samples_without_words_are_silent(name: str) -> None:
    assert is_silent(decode(SAMPLES / f"{name}.wav"))


@pytest.mark.parametrize("name", ["outage", "phishing", "noisy", "printer", "spanish", "short"])
@pytest.mark.parametrize("decibels", [0, -20, -34])
def test_a_voice_is_never_silence_however_quiet(name: str, decibels: int) -> None:
    voice = decode(SAMPLES / f"{name}.wav").samples * np.float32(10 ** (decibels / 20))
    assert not is_silent(audio(voice))


@pytest.mark.parametrize("ratio", [10, 5, 0])
def test_a_voice_in_noise_is_never_silence(ratio: int) -> None:
    voice = decode(SAMPLES / "outage.wav").samples
    level = 10 * np.log10(float(np.mean(voice.astype(np.float64) ** 2)))
    assert not is_silent(audio(voice + hiss(voice.size / RATE, level - ratio)[: voice.size]))


def test_one_word_in_a_long_silence_is_found_where_it_is() -> None:
    word = decode(SAMPLES / "outage.wav").samples[RATE // 2 : RATE * 3 // 2]
    line = hiss(10, -66)
    line[4 * RATE : 5 * RATE] += word
    found = stretches(line)
    assert 3.9 * RATE < found[0].start < found[-1].end < 5.1 * RATE
    assert not is_silent(audio(line))


def test_a_voicemail_is_one_window_with_half_a_second_around_it() -> None:
    voice = decode(SAMPLES / "outage.wav").samples
    (window,) = windows(stretches(voice), voice)
    assert window.start <= RATE // 2
    assert voice.size - window.end <= RATE // 2


def test_a_long_pause_parts_two_windows_and_a_short_one_does_not() -> None:
    line = np.zeros(60 * RATE, dtype=np.float32)
    near = (Stretch(RATE, 3 * RATE), Stretch(6 * RATE, 8 * RATE))
    far = (Stretch(RATE, 3 * RATE), Stretch(20 * RATE, 22 * RATE))
    assert windows(near, line) == (Stretch(RATE // 2, 17 * RATE // 2),)
    assert windows(far, line) == (Stretch(RATE // 2, 7 * RATE // 2), Stretch(39 * RATE // 2, 45 * RATE // 2))


def test_a_long_speech_is_cut_where_it_is_quietest_and_nothing_is_lost() -> None:
    line = hiss(70, -20)
    line[22 * RATE : 23 * RATE] = 0
    line[46 * RATE : 47 * RATE] = 0
    parts = windows((Stretch(0, line.size),), line)
    assert [part.end // RATE for part in parts] == [22, 46, 70]
    assert all(one.end == two.start for one, two in pairwise(parts))
    assert all(part.end - part.start <= 28 * RATE for part in parts)


def test_seconds_are_those_of_all_stretches() -> None:
    assert seconds_of((Stretch(0, RATE), Stretch(3 * RATE, 5 * RATE))) == 3.0
