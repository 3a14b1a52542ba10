"""Sound as a telephone network carries it: 8 kHz, 16 bit, one channel ("PCM" below, little endian, 16,000 bytes a
second).
"""

from __future__ import annotations

import io
import wave

import av
import numpy as np

from ivr.sandbox.config import SandboxError

RATE = 8000
SECOND = RATE * 2
# 20 ms windows below this level (of 32768) are silence to the carrier's trimming.
_WINDOW, _LEVEL = 160, 120.0


def to_pcm(data: bytes) -> bytes:
    """The PCM of a sound file of any usual kind. Raises SandboxError when it is none."""
    try:
        with wave.open(io.BytesIO(data)) as reader:
            if (reader.getframerate(), reader.getsampwidth(), reader.getnchannels()) == (RATE, 2, 1):
                return bytes(reader.readframes(reader.getnframes()))
    except (wave.Error, EOFError):
        pass  # not a plain WAV file: let the decoder look at it
    return _decode(data)


def _decode(data: bytes) -> bytes:
    parts = []
    try:
        with av.open(io.BytesIO(data), "r") as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            for frame in container.decode(audio=0):
                parts += [out.to_ndarray().tobytes() for out in resampler.resample(frame)]
            parts += [out.to_ndarray().tobytes() for out in resampler.resample(None)]
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise SandboxError(
            "These bytes are not a sound file. Give a WAV file, best 8 kHz, 16 bit, one channel."
        ) from error
    return b"".join(parts)


def trim(pcm: bytes) -> bytes:
    """PCM without the silence at both ends; empty when it is silent throughout."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float64)
    padded = np.pad(samples, (0, -len(samples) % _WINDOW)).reshape(-1, _WINDOW)
    loud = np.flatnonzero(np.sqrt((padded**2).mean(axis=1)) >= _LEVEL) if len(padded) else np.empty(0, dtype=np.intp)
    if not len(loud):
        return b""
    return pcm[int(loud[0]) * _WINDOW * 2 : (int(loud[-1]) + 1) * _WINDOW * 2]


def to_wav(pcm: bytes) -> bytes:
    """A WAV file of it, as the carrier serves recordings."""
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(pcm)
    return out.getvalue()


def to_mp3(wav: bytes) -> bytes:
    """The same as MP3 at 32 kbit/s."""
    samples = np.frombuffer(to_pcm(wav), dtype="<i2").reshape(1, -1)
    out = io.BytesIO()
    with av.open(out, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=RATE, layout="mono")
        stream.bit_rate = 32000
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(format="s16p", layout="mono", rate=RATE, frame_size=stream.frame_size or 576)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return out.getvalue()
