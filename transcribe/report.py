"""A transcription as lines for a person and as JSON for a program (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from transcribe.pipeline import State, Transcription

_NO_WORDS = {State.SILENT: "(silent: nobody speaks)", State.FAILED: "(failed)"}


def lines(name: str, found: Transcription) -> Iterator[str]:
    """What ``helpline transcribe`` prints for the file called ``name``: the words first, then what is known about them."""
    yield f"{name}: {found.text or _NO_WORDS[found.state]}"
    facts = [_clock(found.seconds), found.state.value]
    if found.state is State.DONE:
        facts += [found.language, f"confidence {found.confidence:.2f}"]
        facts.append(f"callback {found.callback_number}" if found.callback_number else "no callback number")
    yield "  " + ", ".join(facts)
    if found.problem:
        yield f"  problem: {found.problem}"


def as_json(name: str, found: Transcription) -> Mapping[str, Any]:
    """The same as plain data: ``file``, ``state``, ``text``, ``language`` (null without words), ``confidence`` (null without
    words), ``callback_number``, ``seconds``, ``problem`` and ``segments`` with ``start``, ``end``, ``text``, ``confidence``."""
    done = found.state is State.DONE
    return {
        "file": name,
        "state": found.state.value,
        "text": found.text,
        "language": found.language if done else None,
        "confidence": round(found.confidence, 3) if done else None,
        "callback_number": found.callback_number,
        "seconds": round(found.seconds, 2),
        "problem": found.problem,
        "segments": [asdict(segment) for segment in found.segments],
    }


def _clock(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
