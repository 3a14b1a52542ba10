"""The engine of openai-whisper.

The library's own decoder runs on an encoder that takes windows shorter than 30 seconds: most of a voicemail's time would else
go into encoding silence. The pieces that differ belong to the one model that is loaded here; the library itself is unchanged.
"""

from __future__ import annotations

import socket
import timeit
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import whisper
from numpy.typing import NDArray
from torch import Tensor, nn
from whisper.audio import log_mel_spectrogram
from whisper.model import MultiHeadAttention
from whisper.tokenizer import get_tokenizer

from transcribe import weights
from transcribe.audio import RATE, Audio
from transcribe.engine import Device, EngineError, EngineName, Heard
from transcribe.listening import BEAM, PADDING, Ear, Words, listen

_LONGEST = 30 * RATE
_NETWORK_TIMEOUT = 30.0


class OpenaiWhisper:
    """A model of openai-whisper, loaded. See :class:`transcribe.engine.Engine`."""

    name = str(EngineName.OPENAI_WHISPER)

    def __init__(self, network: Any, *, model: str) -> None:
        self.model = model
        self._network = network
        with warnings.catch_warnings():
            # The library leaves the file of its vocabulary to the garbage collector, once.
            warnings.simplefilter("ignore", ResourceWarning)
            get_tokenizer(network.is_multilingual, num_languages=network.num_languages)
        network.decoder = _Decoder(network.decoder)
        network.encoder = _ShortEncoder(network.encoder, short=network.decoder.short)
        network.eval()

    def transcribe(
        self,
        audio: Audio,
        *,
        prompt: str,
        language: str | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> Heard:
        """See :meth:`transcribe.engine.Engine.transcribe`. A model that knows only English hears only English."""
        spoken = language if self._network.is_multilingual else "en"
        return listen(audio, self._encode, prompt=prompt, language=spoken, on_progress=on_progress)

    def _encode(self, samples: NDArray[np.float32]) -> Ear:
        return _Window(self._network, samples)


class _Window:
    """One window, encoded. See :class:`transcribe.listening.Ear`."""

    def __init__(self, network: Any, samples: NDArray[np.float32]) -> None:
        self._network = network
        self._half = network.device.type == "cuda"
        size = min(_LONGEST, samples.size + int(PADDING * RATE))
        padded = np.pad(samples[:size], (0, max(0, size - samples.size)))
        mel = log_mel_spectrogram(padded, network.dims.n_mels, device=network.device)
        with torch.no_grad():
            frames = mel[None, :, : mel.shape[1] // 2 * 2]
            self._features = network.encoder(frames.half() if self._half else frames)

    def languages(self) -> Mapping[str, float]:
        with _half_the_cores():
            _, probabilities = self._network.detect_language(self._features)
        found: Mapping[str, float] = probabilities[0]
        return found

    def words(self, *, prompt: str, language: str) -> Words:
        options = whisper.DecodingOptions(
            language=language, beam_size=BEAM, prompt=prompt or None, without_timestamps=True, fp16=self._half
        )
        with _half_the_cores():
            result = self._network.decode(self._features, options)[0]
        return Words(
            text=result.text,
            log_probability=float(result.avg_logprob),
            no_speech=float(result.no_speech_prob),
            tokens=len(result.tokens),
        )


class _ShortEncoder(nn.Module):
    """The layers of a loaded encoder, for windows of any length up to 30 s: only as many positions as there is sound.

    What is encoded already passes through, because the library's decoder always asks its encoder.
    """

    def __init__(self, encoder: Any, *, short: bool) -> None:
        super().__init__()
        self.whole = encoder
        if short:
            _shorten(encoder.blocks)

    def forward(self, x: Tensor) -> Tensor:
        """``x`` is (1, mels, frames) or features (1, positions, state); gives features."""
        whole = self.whole
        if x.shape[-2] != whole.conv1.in_channels:
            return x
        x = nn.functional.gelu(whole.conv1(x))
        x = nn.functional.gelu(whole.conv2(x)).permute(0, 2, 1)
        x = (x + whole.positional_embedding[: x.shape[1]]).to(x.dtype)
        for block in whole.blocks:
            x = block(x)
        features: Tensor = whole.ln_post(x)
        return features


class _Decoder(nn.Module):
    """The layers of a loaded decoder, made fast for a beam search on a CPU.

    The beams share one pass over the sound (:class:`_SharedCrossAttention`), and the product with the whole vocabulary, half
    of the time of a token, is done with 16-bit numbers where the processor is faster at that.
    """

    def __init__(self, decoder: Any) -> None:
        super().__init__()
        self.blocks = decoder.blocks
        self.ln = decoder.ln
        self.token_embedding = decoder.token_embedding
        self.positional_embedding = decoder.positional_embedding
        self.register_buffer("mask", decoder.mask, persistent=False)
        for block in self.blocks:
            block.cross_attn = _SharedCrossAttention(block.cross_attn)
        self._vocabulary = _short_vocabulary(self.token_embedding.weight.detach())
        self.short = self._vocabulary is not None
        if self.short:
            _shorten(self.blocks)
            for block in self.blocks:
                block.cross_attn.key.gives_short = block.cross_attn.value.gives_short = True

    def forward(self, tokens: Tensor, features: Tensor, kv_cache: dict[nn.Module, Tensor] | None = None) -> Tensor:
        """``tokens`` (beams, new tokens) after those in ``kv_cache``, ``features`` (1, positions, state); gives logits."""
        if kv_cache is not None and not kv_cache and len(tokens) > 1:
            return self._first(tokens, features, kv_cache)
        known = next(iter(kv_cache.values())).shape[1] if kv_cache else 0
        positions = self.positional_embedding[known : known + tokens.shape[1]]
        x = (self.token_embedding(tokens) + positions).to(features.dtype)
        for block in self.blocks:
            x = block(x, features, mask=self.mask, kv_cache=kv_cache)
        return self._logits(self.ln(x))

    def _first(self, tokens: Tensor, features: Tensor, kv_cache: dict[nn.Module, Tensor]) -> Tensor:
        """The prompt, which all beams begin with: one beam reads it, the others get copies of its keys and values."""
        logits: Tensor = self(tokens[:1], features, kv_cache)
        for block in self.blocks:
            for part in (block.attn.key, block.attn.value):
                kv_cache[part] = kv_cache[part].repeat(len(tokens), 1, 1)
        return logits.repeat(len(tokens), 1, 1)

    def _logits(self, x: Tensor) -> Tensor:
        rows, short = x.flatten(0, 1), self._vocabulary
        if short is None:
            table: Tensor = self.token_embedding.weight
            found = rows @ table.to(x.dtype).T
        else:
            # The table first: with five beams the other order reads it just as often and costs three times as much.
            found = (short @ rows.to(short.dtype).T).T.float().contiguous()
        return found.float().reshape(*x.shape[:2], -1)


def _short_vocabulary(table: Tensor) -> Tensor | None:
    """The token table in bfloat16, when a beam's product with it takes less than two thirds of the full one's time here."""
    if table.device.type != "cpu":
        return None
    short, beams = table.bfloat16(), table[:BEAM].clone()
    full_time = min(timeit.repeat(lambda: beams @ table.T, number=1, repeat=5))
    short_time = min(timeit.repeat(lambda: short @ beams.bfloat16().T, number=1, repeat=5))
    return short if short_time < full_time * 2 / 3 else None


class _ShortLinear(nn.Module):
    """A linear layer that keeps its weights in bfloat16; what goes in and out stays as it is.

    A token's time goes into reading the weights. Sums and norms keep their 32 bits; with ``gives_short`` the layer's output is
    bfloat16 too, for the keys and values of the sound, which are read at every token.
    """

    gives_short = False
    weight: Tensor
    bias: Tensor | None

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.register_buffer("weight", layer.weight.detach().bfloat16(), persistent=False)
        bias = None if layer.bias is None else layer.bias.detach().bfloat16()
        self.register_buffer("bias", bias, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        short = nn.functional.linear(x.to(self.weight.dtype), self.weight, self.bias)
        return short if self.gives_short else short.to(x.dtype)


def _shorten(module: nn.Module) -> None:
    """Put a :class:`_ShortLinear` in the place of every linear layer below ``module``."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, _ShortLinear(child))
        else:
            _shorten(child)


@contextmanager
def _half_the_cores() -> Iterator[None]:
    """Decode on half of torch's threads.

    A token is a few hundred tiny products, and torch's threads wait for each other, spinning, after every one: as soon as
    another process wants a core, that takes many times as long. Half of the cores keeps the pace and leaves the web its own.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // 2))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class _SharedCrossAttention(MultiHeadAttention):  # type: ignore[misc]
    """Attention to sound that all beams share.

    The beams' queries are laid side by side as one batch, so keys and values of the sound are read once and not copied for
    every beam at every token: the same numbers in a third of the time.
    """

    def __init__(self, other: Any) -> None:
        super().__init__(other.query.in_features, other.n_head)
        self.query, self.key, self.value, self.out = other.query, other.key, other.value, other.out

    def qkv_attention(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """The library's method, for ``k`` and ``v`` of one recording and ``q`` of any number of beams."""
        together, weights = super().qkv_attention(q.reshape(1, -1, q.shape[-1]).to(k.dtype), k, v, mask)
        return together.reshape(q.shape).to(q.dtype), weights


def load(model: str, *, device: Device, cache: Path, progress: Callable[[str], None]) -> OpenaiWhisper:
    """Load ``model`` from the first source that has it. Raises :class:`EngineError`."""
    place = _place(device)
    file = weights.checkpoint(model, cache=cache, progress=progress)
    progress(f"Whisper {model}: loading into openai-whisper on {place}")
    if file is None:
        return OpenaiWhisper(_downloaded(model, place, cache, progress), model=model)
    try:
        network = whisper.load_model(str(file), device=place)
    except Exception as problem:  # torch raises half a dozen kinds for a file that is no checkpoint
        raise EngineError(
            f"WHISPER_MODEL: {file} is no checkpoint of openai-whisper ({_first_line(problem)}); "
            "give a .pt file, a CTranslate2 folder or a model's name."
        ) from problem
    return OpenaiWhisper(network, model=model)


def _place(device: Device) -> str:
    if device is Device.CUDA and not torch.cuda.is_available():
        raise EngineError("WHISPER_DEVICE: this machine has no CUDA device that torch can use; set it to cpu or auto.")
    return "cuda" if device is not Device.CPU and torch.cuda.is_available() else "cpu"


def _downloaded(model: str, place: str, cache: Path, progress: Callable[[str], None]) -> Any:
    """The library's own download, with its own check of the bytes; a file of an earlier one is used as it is."""
    folder = cache / "openai-whisper"
    if not (folder / f"{model}.pt").exists():
        progress(f"Whisper {model}: downloading into {folder}")
    try:
        with _patience(_NETWORK_TIMEOUT):
            return whisper.load_model(model, device=place, download_root=str(folder))
    except Exception as problem:  # whatever the network, the disk or the file does, the admin needs the same line
        raise weights.no_weights(model, _first_line(problem)) from problem


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """The library's download has no time-out of its own; a process at start-up must not wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _first_line(problem: Exception) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0][:160]
