"""`helpline transcribe`: what is said in audio files, with the configured engine."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ivr.commands.failures import FAILED, NOT_USABLE, Failure
from ivr.settings import Settings
from transcribe.engine import load_engine
from transcribe.pipeline import State, Transcription, transcribe_audio

Step = Callable[[str], None]
Share = Callable[[float], None]


def print_words(settings: Settings, files: Sequence[Path], *, as_json: bool) -> int:
    """Print the words of each file on standard output, progress on a terminal only; returns 1 when a file failed."""
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise Failure(f"no such file: {', '.join(missing)}", code=NOT_USABLE)
    with _progress() as (step, share):
        step("loading Whisper")
        engine = load_engine(
            settings.whisper_engine,
            model=settings.whisper_model,
            device=settings.whisper_device,
            cache=settings.data / "models",
            progress=step,
        )
        results = []
        for file in files:
            step(file.name)
            results.append(transcribe_audio(file, engine=engine, on_progress=share))
            if not as_json:
                _print_text(file, results[-1], several=len(files) > 1)
    if as_json:
        found = [_json(file, result) for file, result in zip(files, results, strict=True)]
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    return FAILED if any(result.state == State.FAILED for result in results) else 0


def _print_text(file: Path, result: Transcription, *, several: bool) -> None:
    if result.state == State.FAILED:
        click.echo(f"{file}: {result.problem}", err=True)
        return
    words = result.text or "(silence)"
    click.echo(f"{file}: {words}" if several else words)


def _json(file: Path, result: Transcription) -> dict[str, Any]:
    return {"file": str(file), **asdict(result)}


@contextmanager
def _progress() -> Iterator[tuple[Step, Share]]:
    """Two functions: name the step, and tell how much of it is done (0..1). They do nothing in a pipe."""
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield (lambda _text: None), (lambda _share: None)
        return
    bar = Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True)
    with bar:
        task = bar.add_task("", total=None)
        yield (
            lambda text: bar.reset(task, description=text, total=None),
            lambda share: bar.update(task, completed=share, total=1.0),
        )
