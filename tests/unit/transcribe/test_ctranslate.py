"""CTranslate2's file: read exactly or refused, and turned into openai-whisper's names without rounding a bit."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_whisper
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transcribe.ctranslate import FormatError, read_arrays, to_openai

FILE = tiny_whisper.written(tiny_whisper.arrays(layers=2))


def test_every_array_comes_back_bit_for_bit() -> None:
    made = tiny_whisper.arrays(layers=2)
    found = read_arrays(FILE)
    assert found.keys() == made.keys()
    assert all(found[name].dtype == made[name].dtype for name in made)
    assert all(found[name].tobytes() == made[name].tobytes() for name in made)


def test_the_dimensions_are_read_from_the_shapes() -> None:
    dims, _ = to_openai(read_arrays(FILE))
    assert dims == {
        "n_mels": 6,
        "n_audio_ctx": 5,
        "n_audio_state": 4,
        "n_audio_head": 2,
        "n_audio_layer": 2,
        "n_vocab": 11,
        "n_text_ctx": 7,
        "n_text_state": 4,
        "n_text_head": 2,
        "n_text_layer": 2,
    }


def test_stacked_projections_are_taken_apart_in_order() -> None:
    made = tiny_whisper.arrays(layers=2)
    _, state = to_openai(made)
    stacked = made["encoder/layer_1/self_attention/linear_0/weight"]
    assert np.array_equal(state["encoder.blocks.1.attn.query.weight"], stacked[0:4])
    assert np.array_equal(state["encoder.blocks.1.attn.key.weight"], stacked[4:8])
    assert np.array_equal(state["encoder.blocks.1.attn.value.weight"], stacked[8:12])
    both = made["decoder/layer_0/attention/linear_1/weight"]
    assert np.array_equal(
        state["decoder.blocks.0.cross_attn.query.weight"], made["decoder/layer_0/attention/linear_0/weight"]
    )
    assert np.array_equal(state["decoder.blocks.0.cross_attn.key.weight"], both[0:4])
    assert np.array_equal(state["decoder.blocks.0.cross_attn.value.weight"], both[4:8])
    assert "decoder.blocks.0.cross_attn.key.bias" not in state
    assert np.array_equal(state["decoder.ln.weight"], made["decoder/layer_norm/gamma"])
    assert np.array_equal(state["encoder.ln_post.bias"], made["encoder/layer_norm/beta"])


def test_openai_whisper_takes_the_result_and_misses_nothing() -> None:
    torch = pytest.importorskip("torch")
    model = pytest.importorskip("whisper.model")
    dims, state = to_openai(read_arrays(FILE))
    network = model.Whisper(model.ModelDimensions(**dims))
    network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in state.items()}, strict=True)
    assert np.array_equal(
        network.decoder.blocks[1].mlp[2].weight.detach().numpy().astype(np.float16),
        state["decoder.blocks.1.mlp.2.weight"],
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file ends early, at byte 0"),
        (b"RIFF....WAVEfmt ", "the file ends early"),
        (FILE[:100], "the file ends early, at byte 100"),
        (FILE[: len(FILE) // 2], "the file ends early"),
        (tiny_whisper.written({}, spec="TransformerSpec"), 'the file holds "TransformerSpec", not a WhisperSpec'),
    ],
)
def test_other_files_are_refused_with_the_reason(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_arrays(data)


def test_quantized_weights_are_refused() -> None:
    made = tiny_whisper.arrays() | {"decoder/embeddings/weight_scale": np.ones(11, dtype=np.float32)}
    with pytest.raises(FormatError, match='"decoder/embeddings/weight_scale" is quantized'):
        read_arrays(tiny_whisper.written(made))


def test_a_missing_array_and_a_key_with_a_bias_are_refused() -> None:
    made = tiny_whisper.arrays()
    del made["encoder/conv2/bias"]
    with pytest.raises(FormatError, match="has no array 'encoder/conv2/bias'"):
        to_openai(made)
    made = tiny_whisper.arrays()
    made["decoder/layer_0/attention/linear_1/bias"][0] = 1
    with pytest.raises(FormatError, match=r"decoder\.blocks\.0\.cross_attn: the key has a bias"):
        to_openai(made)


@settings(max_examples=60)
@example(at=314, value=1)
@given(at=st.integers(0, 400), value=st.integers(0, 255))
def test_no_byte_of_the_header_can_do_worse_than_be_refused(at: int, value: int) -> None:
    damaged = bytearray(FILE)
    damaged[at] = value
    try:
        found = read_arrays(bytes(damaged))
    except FormatError:
        return
    assert sum(array.nbytes for array in found.values()) < len(FILE)
