"""Recordings of every kind, from the file to what the desk keeps."""

from __future__ import annotations

import io
import subprocess
import sys
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from transcribe_sounds import SAMPLES

from transcribe.audio import Audio
from transcribe.engine import Heard, Segment
from transcribe.pipeline import State, Transcription, prompt_for, transcribe_audio

OUTAGE = SAMPLES / "outage.wav"
STYLE = "Voicemail for the IT help desk. Please call me back at 903-555-0100."


@dataclass
class ScriptedEngine:
    """An engine that hears what the test says, in the order it says it, and remembers what it was given."""

    texts: list[str]
    language: str = "en"
    name: str = "scripted"
    model: str = "base"
    prompts: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def transcribe(
        self,
        audio: Audio,
        *,
        prompt: str,
        language: str | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> Heard:
        self.prompts.append(prompt)
        self.seconds.append(audio.seconds)
        if on_progress:
            on_progress(1.0)
        text = self.texts.pop(0)
        segments = (Segment(start=0.5, end=2.0, text=text, confidence=0.9),) if text else ()
        return Heard(text=text, language=language or self.language, confidence=0.9 if text else 0.0, segments=segments)


def silent_wav(seconds: float) -> bytes:
    return wav(np.zeros(int(seconds * 8_000), dtype="<i2"))


def wav(samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return target.getvalue()


def voice() -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    with wave.open(str(SAMPLES / "short.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def test_a_voicemail_gives_words_number_and_confidence() -> None:
    engine = ScriptedEngine(["Um, this is Monica. Call me at 903-555-0160. Thanks for watching!"])
    shares: list[float] = []
    found = transcribe_audio(OUTAGE, engine=engine, on_progress=shares.append)
    text = "This is Monica. Call me at 903-555-0160."
    assert found == Transcription(
        state=State.DONE,
        text=text,
        language="en",
        confidence=0.9,
        callback_number="+19035550160",
        segments=(Segment(start=0.5, end=2.0, text=text, confidence=0.9),),
        problem=None,
        seconds=pytest.approx(14.73, abs=0.01),
    )
    assert engine.prompts == [STYLE]
    assert shares == [1.0]


@pytest.mark.parametrize(
    ("data", "state", "problem"),
    [
        (b"", State.SILENT, "the recording is empty"),
        (silent_wav(0), State.SILENT, "the recording is empty"),
        (silent_wav(5), State.SILENT, None),
        ((SAMPLES / "silent.wav").read_bytes(), State.SILENT, None),
        ((SAMPLES / "hangup.wav").read_bytes(), State.SILENT, None),
        (OUTAGE.read_bytes()[:12] + b"\x99" * 9_000, State.FAILED, "the recording is damaged and cannot be decoded"),
        (b"<html>404</html>" * 99, State.FAILED, "the file is not a sound recording"),
    ],
)
def test_recordings_without_words_have_an_outcome_of_their_own(data: bytes, state: State, problem: str | None) -> None:
    engine = ScriptedEngine([])
    found = transcribe_audio(io.BytesIO(data), engine=engine)
    assert (found.state, found.problem, found.text, found.callback_number) == (state, problem, "", None)
    assert engine.prompts == []


@pytest.mark.parametrize("invented", ["", "Thank you for watching.", "...", "Um."])
def test_a_recording_of_which_nothing_is_left_is_silent(invented: str) -> None:
    found = transcribe_audio(OUTAGE, engine=ScriptedEngine([invented]))
    assert (found.state, found.text, found.confidence) == (State.SILENT, "", 0.0)


def test_a_long_recording_is_heard_for_a_quarter_of_an_hour_from_the_first_words() -> None:
    silence = np.zeros(8_000 * 60 * 2, dtype="<i2")
    rest = np.zeros(8_000 * 60 * 18, dtype="<i2")
    engine = ScriptedEngine(["Our server is down."])
    found = transcribe_audio(io.BytesIO(wav(np.concatenate([silence, voice(), rest]))), engine=engine)
    assert found.state is State.DONE
    assert found.problem == "only 15 minutes of 20 were transcribed"
    assert found.seconds == pytest.approx(1_205, abs=1)
    assert engine.seconds == [900.0]
    assert found.segments[0].start == pytest.approx(120, abs=1)


def test_over_three_hours_is_a_failure_that_says_so() -> None:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((1, 1, 1_000, 0, "NONE", ""))
        file.writeframes(b"\x80" * 1_000 * (3 * 3600 + 5))
    found = transcribe_audio(target, engine=ScriptedEngine([]))
    assert (found.state, found.problem) == (State.FAILED, "the recording is longer than three hours")


def test_the_number_of_the_prompt_is_no_callback_number_unless_it_is_spoken() -> None:
    read_aloud = ScriptedEngine(["Call me back at 903-555-0100.", "Call me back."])
    assert transcribe_audio(OUTAGE, engine=read_aloud).callback_number is None
    assert read_aloud.prompts == [STYLE, "Voicemail for the IT help desk."]
    spoken = ScriptedEngine(
        ["Call me back at 903-555-0100.", "call me back at nine oh three five five five oh one oh oh"]
    )
    assert transcribe_audio(OUTAGE, engine=spoken).callback_number == "+19035550100"


def test_spanish_is_heard_again_with_a_spanish_prompt() -> None:
    engine = ScriptedEngine(["Hola. Llameme.", "Hola, llámeme al 903-555-0172."], language="es")
    found = transcribe_audio(OUTAGE, engine=engine)
    assert (found.language, found.callback_number) == ("es", "+19035550172")
    assert engine.prompts == [STYLE, "Mensaje de voz para la mesa de ayuda. Por favor llámeme al 903-555-0100."]


def test_the_prompt_names_the_client_known_by_caller_id_else_the_list() -> None:
    assert prompt_for("en") == STYLE
    assert prompt_for("en", clients=("Hollis & Wade CPA", "Lakeside Marina")) == (
        "Clients: Hollis & Wade CPA, Lakeside Marina. " + STYLE
    )
    assert prompt_for("en", clients=("Lakeside Marina",), client="Hollis & Wade CPA") == (
        "Voicemail from Hollis & Wade CPA for the IT help desk. This is Hollis & Wade CPA. Please call me back at 903-555-0100."
    )
    assert prompt_for("es", client="Sabine River") == (
        "Sabine River. Mensaje de voz para la mesa de ayuda. Por favor llámeme al 903-555-0100."
    )


def test_five_hundred_clients_do_not_crowd_out_the_style() -> None:
    prompt = prompt_for("en", clients=[f"Client Number {number}" for number in range(500)])
    assert len(prompt) < 600
    assert prompt.endswith(STYLE)


def test_a_file_that_cannot_be_read_may_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        transcribe_audio(tmp_path / "gone.wav", engine=ScriptedEngine([]))


def test_importing_the_pipeline_does_not_load_torch() -> None:
    program = (
        "import sys, transcribe.pipeline, transcribe.report; print('torch' in sys.modules or 'whisper' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    result = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
