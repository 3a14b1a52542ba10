"""The engine of faster-whisper (the extra ``[fast]``): the same weights on CTranslate2, with 8-bit numbers on a CPU."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transcribe import weights
from transcribe.audio import RATE, Audio
from transcribe.engine import Device, EngineError, EngineName, Heard
from transcribe.listening import BEAM, PADDING, Ear, Words, listen

_LONGEST_FRAMES = 3000


class FasterWhisper:
    """A model of faster-whisper, loaded. See :class:`transcribe.engine.Engine`."""

    name = str(EngineName.FASTER_WHISPER)

    def __init__(self, network: Any, *, model: str) -> None:
        self.model = model
        self._network = network

    def transcribe(
        self,
        audio: Audio,
        *,
        prompt: str,
        language: str | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> Heard:
        """See :meth:`transcribe.engine.Engine.transcribe`. A model that knows only English hears only English."""
        spoken = language if self._network.model.is_multilingual else "en"
        return listen(audio, self._encode, prompt=prompt, language=spoken, on_progress=on_progress)

    def _encode(self, samples: NDArray[np.float32]) -> Ear:
        return _Window(self._network, samples)


class _Window:
    """One window, encoded. See :class:`transcribe.listening.Ear`."""

    def __init__(self, network: Any, samples: NDArray[np.float32]) -> None:
        self._network = network
        padded = np.pad(samples, (0, int(PADDING * RATE)))
        mel = network.feature_extractor(padded, padding=0)
        self._features = network.encode(mel[:, : min(_LONGEST_FRAMES, mel.shape[1] // 2 * 2)])

    def languages(self) -> Mapping[str, float]:
        found = self._network.model.detect_language(self._features)[0]
        return {token[2:-2]: probability for token, probability in found}

    def words(self, *, prompt: str, language: str) -> Words:
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import get_suppressed_tokens

        multilingual = self._network.model.is_multilingual
        tokenizer = Tokenizer(self._network.hf_tokenizer, multilingual, task="transcribe", language=language)
        before = tokenizer.encode(" " + prompt.strip()) if prompt else []
        result = self._network.model.generate(
            self._features,
            [self._network.get_prompt(tokenizer, before, without_timestamps=True)],
            beam_size=BEAM,
            max_length=self._network.max_length,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        )[0]
        tokens = result.sequences_ids[0]
        return Words(
            text=tokenizer.decode(tokens).strip(),
            log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech=result.no_speech_prob,
            tokens=len(tokens),
        )


def load(model: str, *, device: Device, cache: Path, progress: Callable[[str], None]) -> FasterWhisper:
    """Load ``model`` from the first source that has it. Raises :class:`EngineError`."""
    try:
        import ctranslate2
        import faster_whisper
    except ImportError as problem:
        raise EngineError(
            "WHISPER_ENGINE: faster-whisper is not installed. Fix: pip install 'helpline[fast]', "
            "or set WHISPER_ENGINE=openai-whisper."
        ) from problem
    has_cuda = ctranslate2.get_cuda_device_count() > 0
    if device is Device.CUDA and not has_cuda:
        raise EngineError(
            "WHISPER_DEVICE: this machine has no CUDA device that CTranslate2 can use; set it to cpu or auto."
        )
    place = "cuda" if device is not Device.CPU and has_cuda else "cpu"
    folder = weights.ctranslate_folder(model, cache=cache, progress=progress)
    progress(f"Whisper {model}: loading into faster-whisper on {place}")
    settings = {
        "device": place,
        "compute_type": "float16" if place == "cuda" else "int8",
        "cpu_threads": os.cpu_count() or 1,
    }
    try:
        if folder is not None:
            return FasterWhisper(faster_whisper.WhisperModel(str(folder), **settings), model=model)
        home = str(cache / "faster-whisper")
        return FasterWhisper(faster_whisper.WhisperModel(model, download_root=home, **settings), model=model)
    except Exception as problem:  # CTranslate2 and the hub client raise kinds of their own for every mishap
        line = (str(problem).strip().splitlines() or [type(problem).__name__])[0][:160]
        if folder is None:
            raise weights.no_weights(model, line) from problem
        raise EngineError(f"WHISPER_MODEL: {folder} holds no Whisper weights for faster-whisper ({line}).") from problem
