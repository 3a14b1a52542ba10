"""A Whisper model of a few hundred numbers, in the file format of CTranslate2, and a package that carries it."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transcribe.weights import Package

Array = NDArray[np.generic]
TYPES = {"float32": 0, "int8": 1, "int16": 2, "float16": 4}

STATE, VOCABULARY, MELS, AUDIO, TEXT = 4, 11, 6, 5, 7


def arrays(*, layers: int = 1, seed: int = 1) -> dict[str, Array]:
    """Arrays under CTranslate2's names, filled with numbers that are all different; key biases are zero, as they are."""
    made: dict[str, Array] = {}
    random = np.random.default_rng(seed)

    def put(name: str, *shape: int) -> None:
        made[name] = random.standard_normal(shape).astype(np.float16)

    def norm(name: str) -> None:
        put(f"{name}/gamma", STATE)
        put(f"{name}/beta", STATE)

    def linear(name: str, rows: int, columns: int) -> None:
        put(f"{name}/weight", rows, columns)
        put(f"{name}/bias", rows)

    put("decoder/embeddings/weight", VOCABULARY, STATE)
    put("decoder/position_encodings/encodings", TEXT, STATE)
    put("encoder/position_encodings/encodings", AUDIO, STATE)
    put("encoder/conv1/weight", STATE, MELS, 3)
    put("encoder/conv1/bias", STATE)
    put("encoder/conv2/weight", STATE, STATE, 3)
    put("encoder/conv2/bias", STATE)
    for side in ("encoder", "decoder"):
        made[f"{side}/num_heads"] = np.array(2, dtype=np.int16)
        norm(f"{side}/layer_norm")
        for number in range(layers):
            here = f"{side}/layer_{number}"
            linear(f"{here}/self_attention/linear_0", 3 * STATE, STATE)
            made[f"{here}/self_attention/linear_0/bias"][STATE : 2 * STATE] = 0
            linear(f"{here}/self_attention/linear_1", STATE, STATE)
            norm(f"{here}/self_attention/layer_norm")
            linear(f"{here}/ffn/linear_0", 4 * STATE, STATE)
            linear(f"{here}/ffn/linear_1", STATE, 4 * STATE)
            norm(f"{here}/ffn/layer_norm")
    for number in range(layers):
        here = f"decoder/layer_{number}/attention"
        linear(f"{here}/linear_0", STATE, STATE)
        linear(f"{here}/linear_1", 2 * STATE, STATE)
        made[f"{here}/linear_1/bias"][:STATE] = 0
        linear(f"{here}/linear_2", STATE, STATE)
        norm(f"{here}/layer_norm")
    return made


def written(contents: Mapping[str, Array], *, spec: str = "WhisperSpec") -> bytes:
    """The arrays as a file, with the table of aliases that follows them."""
    parts = [struct.pack("<I", 6), _word(spec), struct.pack("<II", 3, len(contents))]
    for name, array in contents.items():
        data = array.tobytes()
        parts += [_word(name), struct.pack("<B", array.ndim), struct.pack(f"<{array.ndim}I", *array.shape)]
        parts += [struct.pack("<BI", TYPES[str(array.dtype)], len(data)), data]
    aliases = [struct.pack("<I", 1), _word("decoder/projection/weight"), _word("decoder/embeddings/weight")]
    return b"".join(parts + aliases)


def package(folder: Path, data: bytes, *, module: str = "tiny_weights_package", model: str = "tiny") -> Package:
    """An importable module under ``folder`` that holds ``data`` cut in two, and two small tables."""
    home = folder / module
    home.mkdir(parents=True)
    (home / "__init__.py").write_text("raise RuntimeError('data is read, never imported')\n")
    half = len(data) // 2
    (home / "part1").write_bytes(data[:half])
    (home / "part2").write_bytes(data[half:])
    tables = {"config.json": b"{}", "vocabulary.txt": b"a\nb\n"}
    for name, content in tables.items():
        (home / name).write_bytes(content)
    return Package(
        model=model,
        install=module.replace("_", "-"),
        parts=((module, "part1"), (module, "part2")),
        sha256=hashlib.sha256(data).hexdigest(),
        tables=tuple((module, name, hashlib.sha256(content).hexdigest()) for name, content in tables.items()),
    )


def _word(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"
