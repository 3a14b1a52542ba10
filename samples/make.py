"""Make the sample voicemails again: ``python samples/make.py`` (needs flite, festival, festvox-us-slt-hts and espeak-ng).

Each text is spoken by a synthesiser, sent through a telephone channel (300-3400 Hz, 8 kHz, mu-law, noise where the row asks
for it) and written as 16-bit mono WAV next to this file, with ``transcripts.tsv``. The same programs give the same files.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

HERE = Path(__file__).parent
RATE = 8_000
HEADER = ("id", "voice", "channel", "caller", "client", "callback", "text")


@dataclass(frozen=True)
class Voicemail:
    """One recording. ``say`` is what the synthesiser gets where it differs from ``text`` ("" for no voice at all).

    ``voice`` is "program:voice"; ``noise`` the signal-to-noise ratio in dB, None for a clean line.
    """

    id: str
    voice: str
    caller: str
    client: str
    callback: str
    text: str
    say: str
    noise: float | None = None
    seconds: float = 0.0


VOICEMAILS = (
    Voicemail(
        "outage", "festival:slt", "Monica Brooks", "Hollis & Wade CPA", "903-555-0160",
        "Hello, this is Monica Brooks at Hollis and Wade CPA. The whole office lost internet about twenty minutes ago and "
        "nobody can file a return. Please call me back at 903-555-0160.",
        "Hello, this is Monica Brooks at Hollis and Wade, C P A. The whole office lost internet about twenty minutes ago, and "
        "nobody can file a return. Please call me back at nine oh three, five five five, oh one six oh.",
    ),
    Voicemail(
        "phishing", "flite:rms", "Walter Simms", "Sabine River Feed & Seed", "903-555-0172",
        "This is Walter Simms with Sabine River Feed and Seed. I typed my password into a page that looked like our email, "
        "and now it is sending messages to all of my customers. My number is 903-555-0172.",
        "This is Walter Simms, with Sabine River Feed and Seed. I typed my password into a page that looked like our email, "
        "and now it is sending messages to all of my customers. My number is nine oh three, five five five, oh one seven two.",
    ),
    Voicemail(
        "noisy", "flite:slt", "Ellen Park", "Lakeside Family Dental", "903-555-0183",
        "Hi, Ellen Park, Lakeside Family Dental. The server room is very loud and very hot. The air conditioner stopped and "
        "the backup battery is beeping. You can reach me at 903-555-0183.",
        "Hi, Ellen Park, Lakeside Family Dental. The server room is very loud, and very hot. The air conditioner stopped, and "
        "the backup battery is beeping. You can reach me at nine oh three, five five five, oh one eight three.",
        noise=15.0,
    ),
    Voicemail(
        "printer", "flite:awb", "Gus Halloran", "none", "430-555-0191",
        "Yes, my name is Gus Halloran. We are not a client yet. Our label printer went offline and the trucks are waiting. "
        "Could somebody call 430-555-0191 this morning? Thanks.",
        "Yes, my name is Gus Halloran. We are not a client yet. Our label printer went off line, and the trucks are waiting. "
        "Could somebody call four three oh, five five five, oh one nine one, this morning? Thanks.",
    ),
    Voicemail(
        "spanish", "espeak-ng:es-419", "Lucía Herrera", "Sabine River Feed & Seed", "none",
        "Buenos días, soy Lucía Herrera de Sabine River. La computadora de la caja no enciende y no podemos cobrar. "
        "Por favor llámeme hoy. Muchas gracias.",
        "Buenos días, soy Lucía Herrera, de Sabine River. La computadora de la caja no enciende, y no podemos cobrar. "
        "Por favor llámeme hoy. Muchas gracias.",
    ),
    Voicemail(
        "short", "festival:slt", "none", "none", "none",
        "Hey, it's me again. Call me when you can. Bye.",
        "Hey, it's me again. Call me, when you can. Bye.",
    ),
    Voicemail("silent", "none", "none", "none", "none", "", "", seconds=6.0),
    Voicemail("hangup", "none", "none", "none", "none", "", "", seconds=0.8),
)  # fmt: skip


def main() -> None:
    """Write every recording and the table of transcripts."""
    noise = np.random.default_rng(1960)
    with (HERE / "transcripts.tsv").open("w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table, delimiter="\t", lineterminator="\n")
        rows.writerow(HEADER)
        for mail in VOICEMAILS:
            sound = spoken(mail.voice, mail.say) if mail.say else line_without_words(mail.seconds, noise)
            write(HERE / f"{mail.id}.wav", telephone(sound, mail.noise, noise))
            channel = "clean" if mail.noise is None else f"noise{mail.noise:.0f}"
            rows.writerow((mail.id, mail.voice, channel, mail.caller, mail.client, mail.callback, mail.text))


def spoken(voice: str, text: str) -> Samples:
    """The text as 8 kHz samples in -1..1, with a short pause before and after it."""
    program, _, name = voice.partition(":")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "voice.wav"
        if program == "flite":
            command = ["flite", "-voice", name, "-t", text, "-o", str(target)]
        elif program == "espeak-ng":
            command = ["espeak-ng", "-v", name, "-s", "145", "-w", str(target), text]
        else:
            command = ["text2wave", "-o", str(target), "-eval", "(voice_cmu_us_slt_arctic_hts)"]
        subprocess.run(command, input=text if program == "festival" else None, text=True, check=True)
        with wave.open(str(target)) as source:
            rate = source.getframerate()
            samples = np.frombuffer(source.readframes(source.getnframes()), dtype="<i2") / 32768.0
    pause = np.zeros(RATE // 2)
    return np.concatenate([pause, resampled(samples, rate), pause])


def line_without_words(seconds: float, noise: np.random.Generator) -> Samples:
    """An open line nobody speaks into: faint hiss, mains hum, and the click of the receiver at the end."""
    time = np.arange(int(seconds * RATE)) / RATE
    line = 0.0006 * noise.standard_normal(time.size) + 0.002 * np.sin(2 * np.pi * 60 * time)
    click = np.exp(-np.arange(160) / 20.0) * noise.standard_normal(160)
    line[-400:-240] += 0.2 * click
    return np.asarray(line, dtype=np.float64)


def resampled(samples: Samples, rate: int) -> Samples:
    """To 8 kHz, by cutting or padding the spectrum."""
    size = round(samples.size * RATE / rate)
    return np.fft.irfft(np.fft.rfft(samples), n=samples.size)[:size] if rate == RATE else _by_spectrum(samples, size)


def _by_spectrum(samples: Samples, size: int) -> Samples:
    spectrum = np.fft.rfft(samples)[: size // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, n=size) * (size / samples.size), dtype=np.float64)


def telephone(sound: Samples, snr: float | None, noise: np.random.Generator) -> Samples:
    """What a telephone line leaves of it: the voice band, some noise, and eight mu-law bits a sample."""
    sound = voice_band(sound)
    if np.abs(sound).max() > 0.05:
        sound = sound * (0.5 / np.abs(sound).max())
    if snr is not None:
        hiss = voice_band(noise.standard_normal(sound.size))
        sound = sound + hiss * np.sqrt(np.mean(sound**2) / np.mean(hiss**2) / 10 ** (snr / 10))
    companded = np.sign(sound) * np.log1p(255 * np.abs(np.clip(sound, -1, 1))) / np.log(256)
    eight_bits = np.round(companded * 127) / 127
    return np.asarray(np.sign(eight_bits) * (256 ** np.abs(eight_bits) - 1) / 255, dtype=np.float64)


def voice_band(sound: Samples) -> Samples:
    """Only 300-3400 Hz, with soft edges."""
    hertz = np.fft.rfftfreq(sound.size, 1 / RATE)
    keep = 1 / (1 + (300 / np.maximum(hertz, 1)) ** 8) / (1 + (hertz / 3400) ** 24)
    return np.asarray(np.fft.irfft(np.fft.rfft(sound) * np.sqrt(keep), n=sound.size), dtype=np.float64)


def write(target: Path, sound: Samples) -> None:
    """16-bit mono WAV at 8 kHz."""
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    sys.exit(main())
