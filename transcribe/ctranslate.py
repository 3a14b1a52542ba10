"""CTranslate2's model file, and the same numbers under openai-whisper's names (pure, numpy only).

The file is flat: u32 version, spec name, u32 revision, u32 count, then per array u16 length + name with a trailing NUL,
u8 rank, u32 dims, u8 type, u32 bytes, data; at the end a table of aliases, which Whisper does not need. Little endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]

_SPEC = "WhisperSpec"
_TYPES: Mapping[int, type[np.generic]] = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_MOST_ARRAYS, _MOST_DIMS = 10_000, 4


class FormatError(ValueError):
    """The bytes are not a Whisper model in CTranslate2's form."""


class _Reader:
    """A cursor over the bytes that never reads past their end."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> memoryview:
        if count > len(self._data) - self._at:
            raise FormatError(f"the file ends early, at byte {len(self._data)}")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, code: str) -> int:
        value = struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))[0]
        return int(value)

    def word(self) -> str:
        return bytes(self.take(self.number("H"))).rstrip(b"\0").decode("ascii", "replace")


def read_arrays(data: bytes | memoryview) -> dict[str, Array]:
    """Every array of a CTranslate2 Whisper file by its name, as read-only views of ``data``.

    Raises :class:`FormatError` when the bytes are something else, cut short, or quantized.
    """
    reader = _Reader(memoryview(data))
    reader.number("I")
    if (spec := reader.word()) != _SPEC:
        raise FormatError(f'the file holds "{spec[:40]}", not a {_SPEC}')
    reader.number("I")
    if (count := reader.number("I")) > _MOST_ARRAYS:
        raise FormatError(f"the file claims {count} arrays")
    return dict(_array(reader) for _ in range(count))


def _array(reader: _Reader) -> tuple[str, Array]:
    name = reader.word()
    if (rank := reader.number("B")) > _MOST_DIMS:
        raise FormatError(f'array "{name}" claims {rank} dimensions')
    shape = tuple(reader.number("I") for _ in range(rank))
    kind = _TYPES.get(reader.number("B"))
    if kind is None or name.endswith("weight_scale"):
        raise FormatError(f'array "{name}" is quantized; float16 or float32 weights are needed')
    dtype, content = np.dtype(kind).newbyteorder("<"), reader.take(reader.number("I"))
    if len(content) % dtype.itemsize:
        raise FormatError(f'array "{name}" has {len(content)} bytes, which is no whole number of {dtype}')
    flat = np.frombuffer(content, dtype=dtype)
    if flat.size != int(np.prod(shape, dtype=np.int64)):
        raise FormatError(f'array "{name}" has {flat.size} numbers for the shape {shape}')
    return name, flat.reshape(shape)


def to_openai(arrays: Mapping[str, Array]) -> tuple[dict[str, int], dict[str, Array]]:
    """The same numbers as openai-whisper's ``dims`` and ``model_state_dict``, bit for bit (views, nothing is rounded).

    openai-whisper's attention has no key bias; CTranslate2 stores zeros for it, and anything else is refused.
    Raises :class:`FormatError` when an array is missing or has an odd shape.
    """
    try:
        state = dict(_encoder(arrays)) | dict(_decoder(arrays))
        return _dims(arrays), state
    except KeyError as missing:
        raise FormatError(f"the file has no array {missing}") from missing


def _dims(arrays: Mapping[str, Array]) -> dict[str, int]:
    audio_ctx, audio_state = arrays["encoder/position_encodings/encodings"].shape
    text_ctx, text_state = arrays["decoder/position_encodings/encodings"].shape
    return {
        "n_mels": arrays["encoder/conv1/weight"].shape[1],
        "n_audio_ctx": audio_ctx,
        "n_audio_state": audio_state,
        "n_audio_head": int(arrays["encoder/num_heads"]),
        "n_audio_layer": _layers(arrays, "encoder"),
        "n_vocab": arrays["decoder/embeddings/weight"].shape[0],
        "n_text_ctx": text_ctx,
        "n_text_state": text_state,
        "n_text_head": int(arrays["decoder/num_heads"]),
        "n_text_layer": _layers(arrays, "decoder"),
    }


def _layers(arrays: Mapping[str, Array], side: str) -> int:
    return len({name.split("/")[1] for name in arrays if name.startswith(f"{side}/layer_") and name.count("/") > 2})


def _encoder(arrays: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    for conv in ("conv1", "conv2"):
        for part in ("weight", "bias"):
            yield f"encoder.{conv}.{part}", arrays[f"encoder/{conv}/{part}"]
    yield "encoder.positional_embedding", arrays["encoder/position_encodings/encodings"]
    yield from _norm(arrays, "encoder/layer_norm", "encoder.ln_post")
    for number in range(_layers(arrays, "encoder")):
        there, here = f"encoder/layer_{number}", f"encoder.blocks.{number}"
        yield from _self_attention(arrays, there, here)
        yield from _feed_forward(arrays, there, here)


def _decoder(arrays: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    yield "decoder.token_embedding.weight", arrays["decoder/embeddings/weight"]
    yield "decoder.positional_embedding", arrays["decoder/position_encodings/encodings"]
    yield from _norm(arrays, "decoder/layer_norm", "decoder.ln")
    for number in range(_layers(arrays, "decoder")):
        there, here = f"decoder/layer_{number}", f"decoder.blocks.{number}"
        yield from _self_attention(arrays, there, here)
        yield from _cross_attention(arrays, there, here)
        yield from _feed_forward(arrays, there, here)


def _self_attention(arrays: Mapping[str, Array], there: str, here: str) -> Iterator[tuple[str, Array]]:
    """CTranslate2 stacks query, key and value by rows in ``linear_0``."""
    stacked = f"{there}/self_attention/linear_0"
    weights, biases = _rows(arrays[f"{stacked}/weight"], 3, stacked), _rows(arrays[f"{stacked}/bias"], 3, stacked)
    yield from _projections(f"{here}.attn", weights, biases)
    yield from _linear(arrays, f"{there}/self_attention/linear_1", f"{here}.attn.out")
    yield from _norm(arrays, f"{there}/self_attention/layer_norm", f"{here}.attn_ln")


def _cross_attention(arrays: Mapping[str, Array], there: str, here: str) -> Iterator[tuple[str, Array]]:
    """``linear_0`` is the query; key and value, which read the sound, are stacked in ``linear_1``."""
    query, both = f"{there}/attention/linear_0", f"{there}/attention/linear_1"
    weights = [arrays[f"{query}/weight"], *_rows(arrays[f"{both}/weight"], 2, both)]
    biases = [arrays[f"{query}/bias"], *_rows(arrays[f"{both}/bias"], 2, both)]
    yield from _projections(f"{here}.cross_attn", weights, biases)
    yield from _linear(arrays, f"{there}/attention/linear_2", f"{here}.cross_attn.out")
    yield from _norm(arrays, f"{there}/attention/layer_norm", f"{here}.cross_attn_ln")


def _projections(here: str, weights: list[Array], biases: list[Array]) -> Iterator[tuple[str, Array]]:
    if np.any(biases[1]):
        raise FormatError(f"{here}: the key has a bias, which openai-whisper cannot hold")
    for name, weight in zip(("query", "key", "value"), weights, strict=True):
        yield f"{here}.{name}.weight", weight
    yield f"{here}.query.bias", biases[0]
    yield f"{here}.value.bias", biases[2]


def _feed_forward(arrays: Mapping[str, Array], there: str, here: str) -> Iterator[tuple[str, Array]]:
    yield from _linear(arrays, f"{there}/ffn/linear_0", f"{here}.mlp.0")
    yield from _linear(arrays, f"{there}/ffn/linear_1", f"{here}.mlp.2")
    yield from _norm(arrays, f"{there}/ffn/layer_norm", f"{here}.mlp_ln")


def _linear(arrays: Mapping[str, Array], there: str, here: str) -> Iterator[tuple[str, Array]]:
    for part in ("weight", "bias"):
        yield f"{here}.{part}", arrays[f"{there}/{part}"]


def _norm(arrays: Mapping[str, Array], there: str, here: str) -> Iterator[tuple[str, Array]]:
    yield f"{here}.weight", arrays[f"{there}/gamma"]
    yield f"{here}.bias", arrays[f"{there}/beta"]


def _rows(array: Array, count: int, name: str) -> list[Array]:
    if array.shape[0] % count:
        raise FormatError(f'array "{name}" has {array.shape[0]} rows, not a multiple of {count}')
    return np.split(array, count)
