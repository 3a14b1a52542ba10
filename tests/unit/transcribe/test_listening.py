"""How a recording is heard: windows, context, language, and the doubts that drop what Whisper invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray
from transcribe_sounds import SAMPLES, audio, hiss

from transcribe.audio import RATE, decode
from transcribe.engine import Heard, Segment
from transcribe.listening import Words, listen, looping, settle

SURE = -0.2


def said(text: str, *, log_probability: float = SURE, no_speech: float = 0.01) -> Words:
    return Words(text=text, log_probability=log_probability, no_speech=no_speech, tokens=len(text.split()))


@dataclass
class ScriptedEar:
    """A model that says what the test gives it: with a prompt, and without one."""

    prompted: Words
    unprompted: Words
    spanish: float = 0.0
    asked: list[tuple[str, str]] = field(default_factory=list)

    def languages(self) -> Mapping[str, float]:
        return {"en": 1 - self.spanish, "es": self.spanish}

    def words(self, *, prompt: str, language: str) -> Words:
        self.asked.append((prompt, language))
        return self.prompted if prompt else self.unprompted


def hear(ear: ScriptedEar, *, language: str | None = None) -> Heard:
    voice = decode(SAMPLES / "short.wav")
    return listen(voice, lambda _: ear, prompt="Help desk.", language=language, on_progress=None)


def test_sure_words_are_taken_at_once() -> None:
    ear = ScriptedEar(said("Our server is down."), said("never asked"))
    heard = hear(ear)
    assert heard.text == "Our server is down."
    assert heard.language == "en"
    assert heard.confidence == pytest.approx(0.82, abs=0.01)
    assert heard.segments == (
        Segment(start=heard.segments[0].start, end=heard.segments[0].end, text=heard.text, confidence=0.819),
    )
    assert 0 <= heard.segments[0].start < heard.segments[0].end <= 5
    assert ear.asked == [("Help desk.", "en")]


def test_a_doubtful_voice_says_the_same_again_and_is_kept() -> None:
    ear = ScriptedEar(
        said("Our server is down today.", log_probability=-0.9, no_speech=0.2),
        said("our servers down today", log_probability=-1.0, no_speech=0.5),
    )
    assert hear(ear).text == "Our server is down today."
    assert [prompt for prompt, _ in ear.asked] == ["Help desk.", ""]


@pytest.mark.parametrize(
    ("prompted", "unprompted"),
    [
        (said("Help desk.", no_speech=0.27), said("This is the first time I played.", no_speech=0.69)),
        (said("Thank you very much.", log_probability=-1.1, no_speech=0.2), said(". . .", no_speech=0.7)),
        (said("I saw this video.", log_probability=-1.6), said("I will do it.", log_probability=-1.3, no_speech=0.4)),
        (said("I'm sorry, " * 30, no_speech=0.3), said("I'm sorry, " * 40, no_speech=0.8)),
        (said(". . . .", no_speech=0.1), said(". .", no_speech=0.2)),
        (said(""), said("")),
    ],
)
def test_what_whisper_invents_is_dropped(prompted: Words, unprompted: Words) -> None:
    heard = hear(ScriptedEar(prompted, unprompted))
    assert (heard.text, heard.confidence, heard.segments) == ("", 0.0, ())


def test_a_loop_is_heard_again_without_the_prompt() -> None:
    ear = ScriptedEar(said("help desk " * 30), said("The mail server stopped at nine this morning."))
    assert hear(ear).text == "The mail server stopped at nine this morning."


def test_a_recording_without_a_voice_never_reaches_the_model() -> None:
    def refuse(_: NDArray[np.float32]) -> ScriptedEar:
        raise AssertionError("the model was asked")

    heard = listen(audio(hiss(5, -40)), refuse, prompt="Help desk.", language=None, on_progress=None)
    assert heard == Heard(text="", language="en", confidence=0.0)


def test_two_windows_share_prompt_words_and_language_and_tell_their_progress() -> None:
    voice = decode(SAMPLES / "short.wav").samples
    ears = [ScriptedEar(said("Uno dos."), said(""), spanish=0.9), ScriptedEar(said("Tres."), said(""), spanish=0.0)]
    order = iter(ears)
    shares: list[float] = []
    heard = listen(
        audio(np.concatenate([voice, np.zeros(8 * RATE, dtype=np.float32), voice])),
        lambda _: next(order),
        prompt="Mesa.",
        language=None,
        on_progress=shares.append,
    )
    assert heard.text == "Uno dos. Tres."
    assert heard.language == "es"
    assert [ear.asked for ear in ears] == [[("Mesa.", "es")], [("Mesa. Uno dos.", "es")]]
    assert heard.segments[1].start > 12
    assert shares == [0.5, 1.0]


@pytest.mark.parametrize(
    ("probabilities", "language"),
    [
        ({"en": 0.9, "es": 0.05}, "en"),
        ({"en": 0.05, "es": 0.9}, "es"),
        ({"en": 0.3, "es": 0.35}, "en"),
        ({"ja": 0.9, "es": 0.06, "en": 0.01}, "en"),
        ({"nn": 0.6, "en": 0.1}, "en"),
        ({}, "en"),
    ],
)
def test_it_is_english_unless_it_is_plainly_spanish(probabilities: dict[str, float], language: str) -> None:
    assert settle(probabilities) == language


def test_a_known_language_is_not_asked_for() -> None:
    ear = ScriptedEar(said("Hola."), said(""), spanish=0.0)
    assert hear(ear, language="es").language == "es"
    assert ear.asked == [("Help desk.", "es")]


def test_a_number_said_twice_is_no_loop() -> None:
    assert not looping("My number is 903-555-0147, that is 903-555-0147. Please call me back as soon as you can.")
    assert looping("I don't know what I'm going to do. " * 12)
