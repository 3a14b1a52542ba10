"""Every file the carrier or an admin may hand over: what comes out, and what is said about the rest."""

from __future__ import annotations

import io
import re
import wave
from pathlib import Path

import numpy as np
import pytest
from transcribe_sounds import SAMPLES, encoded

from transcribe.audio import AudioError, AudioProblem, decode

OUTAGE = (SAMPLES / "outage.wav").read_bytes()


def problem_of(data: bytes) -> AudioProblem:
    with pytest.raises(AudioError) as raised:
        decode(io.BytesIO(data))
    return raised.value.kind


def test_the_carriers_wav_becomes_16_khz_mono_floats() -> None:
    found = decode(SAMPLES / "outage.wav")
    assert found.samples.dtype == np.float32
    assert found.samples.shape == (round(found.seconds * 16_000),)
    assert found.seconds == pytest.approx(14.73, abs=0.01)
    assert 0.4 < float(np.abs(found.samples).max()) <= 1.0


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("wav", "pcm_s16le", 8_000),
        ("wav", "pcm_mulaw", 8_000),
        ("wav", "pcm_alaw", 8_000),
        ("mp3", "libmp3lame", 8_000),
        ("ogg", "libopus", 16_000),
        ("flac", "flac", 44_100),
    ],
)
def test_any_container_and_codec_gives_the_same_tone(container: str, codec: str, rate: int) -> None:
    found = decode(io.BytesIO(encoded(container, codec, rate=rate)))
    assert found.seconds == pytest.approx(3.0, abs=0.15)
    middle = found.samples[16_000:32_000]
    assert np.abs(np.fft.rfft(middle)).argmax() == 440


@pytest.mark.parametrize(("container", "codec"), [("wav", "pcm_s16le"), ("wav", "pcm_mulaw"), ("mp3", "libmp3lame")])
def test_half_a_file_gives_half_of_the_sound(container: str, codec: str) -> None:
    whole = encoded(container, codec)
    found = decode(io.BytesIO(whole[: len(whole) // 2]))
    assert found.seconds == pytest.approx(1.5, abs=0.2)


def test_broken_packets_in_the_middle_lose_only_themselves() -> None:
    whole = bytearray(encoded("mp3", "libmp3lame", seconds=6.0))
    whole[6_000:7_000] = b"\xaa" * 1_000
    assert 5.0 < decode(io.BytesIO(bytes(whole))).seconds <= 6.2


def test_no_bytes_and_a_sound_of_no_length_are_empty() -> None:
    header = bytearray(OUTAGE[:44])
    header[40:44] = bytes(4)
    assert problem_of(b"") is AudioProblem.EMPTY
    assert problem_of(bytes(header)) is AudioProblem.EMPTY
    assert problem_of(OUTAGE[:44]) is AudioProblem.EMPTY


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE html><html><body>404 Not Found</body></html>" * 20,
        b'{"code": 20404, "message": "The requested resource was not found", "status": 404}',
        b"hello " * 1_000,
        b"\x89PNG\r\n\x1a\n" + bytes(600),
    ],
)
def test_another_kind_of_file_is_not_audio_whatever_it_is_called(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "RE0123.wav"
    file.write_bytes(data)
    with pytest.raises(AudioError) as raised:
        decode(file)
    assert raised.value.kind is AudioProblem.NOT_AUDIO


def test_a_wav_header_with_rubbish_behind_it_is_corrupted() -> None:
    rubbish = np.random.default_rng(3).bytes(20_000)
    assert problem_of(OUTAGE[:12] + rubbish) is AudioProblem.CORRUPTED
    assert problem_of(OUTAGE[:20]) is AudioProblem.CORRUPTED


def test_a_playlist_cannot_make_the_decoder_open_another_file() -> None:
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{SAMPLES / 'outage.wav'}\n#EXT-X-ENDLIST\n"
    assert problem_of(playlist.encode()) is AudioProblem.NOT_AUDIO
    assert problem_of(f"ffconcat version 1.0\nfile {SAMPLES / 'outage.wav'}\n".encode()) is AudioProblem.NOT_AUDIO


def test_a_recording_over_the_limit_is_too_long_and_one_below_it_is_not() -> None:
    with pytest.raises(AudioError, match=re.escape("too_long: more than 14 seconds")):
        decode(io.BytesIO(OUTAGE), max_seconds=14)
    assert decode(io.BytesIO(OUTAGE), max_seconds=15).seconds < 15


def test_eleven_minutes_lie_in_a_mapped_file_and_stay_readable(tmp_path: Path) -> None:
    minute = np.full(8_000 * 60, 1_000, dtype="<i2").tobytes()
    with wave.open(str(tmp_path / "long.wav"), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        for _ in range(11):
            file.writeframes(minute)
    found = decode(tmp_path / "long.wav")
    assert isinstance(found.samples, np.memmap)
    assert found.seconds == 660.0
    assert float(found.samples[-16_000]) == pytest.approx(1_000 / 32_768, abs=1e-3)


def test_the_callers_stream_is_read_from_its_start_and_stays_open() -> None:
    stream = io.BytesIO(OUTAGE)
    stream.seek(1_000)
    assert decode(stream).seconds == pytest.approx(14.73, abs=0.01)
    assert not stream.closed


def test_a_missing_file_is_the_systems_own_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        decode(tmp_path / "none.wav")
