"""Plain Whisper against helpline's two engines, on the same weights: ``python -m bench.transcriber [FOLDER...]``.

A folder holds ``transcripts.tsv`` (id, voice, channel, caller, client, callback, text; "none" if nothing was said) and ID.wav
for each row; the default is ``samples``. "Plain" is ``whisper.load_model(model).transcribe(sound)`` with its own defaults,
given the sound already decoded, so that no ffmpeg program is needed. All ways hear a voicemail before the next one comes; what
counts is the ratio of their times. Words are compared in lower case without punctuation, digits of one number joined. The
callback number is looked for in plain Whisper's words by helpline's own reader, so that only the hearing is compared.
"""

from __future__ import annotations

import csv
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import jiwer
from rich.console import Console
from rich.table import Table

from transcribe.audio import decode
from transcribe.clean import callback_number, client_named
from transcribe.engine import EngineError, EngineName, load_engine
from transcribe.pipeline import transcribe_audio

Hear = Callable[["Voicemail"], str]


@dataclass(frozen=True)
class Voicemail:
    """One row of a folder; ``client`` and ``callback`` are None where nothing was said."""

    file: Path
    seconds: float
    client: str | None
    callback: str | None
    text: str


@dataclass(frozen=True)
class Score:
    """What one way of hearing made of all voicemails: time by the clock and of the processor; the counts are of voicemails."""

    name: str
    seconds: float
    busy: float
    errors: float
    callbacks: int
    clients: int
    invented: int


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", default="base", show_default=True, help="A Whisper model with a weights package, or a path.")
def main(folders: Sequence[Path], model: str) -> None:
    """Compare plain Whisper with helpline's engines on folders of voicemails."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    mails = [mail for folder in folders or (Path("samples"),) for mail in read(folder)]
    console.print(table(compare(ways(model, mails), mails, console), mails, model))


def read(folder: Path) -> list[Voicemail]:
    """The voicemails of one folder."""
    with (folder / "transcripts.tsv").open(newline="", encoding="utf-8") as source:
        return [
            Voicemail(
                file=folder / f"{row['id']}.wav",
                seconds=decode(folder / f"{row['id']}.wav").seconds,
                client=None if row["client"] == "none" else row["client"],
                callback=None if row["callback"] == "none" else callback_number(row["callback"]),
                text=row["text"],
            )
            for row in csv.DictReader(source, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


def ways(model: str, mails: Sequence[Voicemail]) -> list[tuple[str, Hear]]:
    """Plain Whisper, and each engine: knowing nothing, the list of clients, and the client by caller id."""
    cache = Path(os.environ.get("HELPLINE_DATA", "var")) / "models"
    names = tuple(dict.fromkeys(mail.client for mail in mails if mail.client))
    found: list[tuple[str, Hear]] = [("plain whisper", plain(model, cache))]
    for engine_name in EngineName:
        try:
            engine = load_engine(engine_name, model=model, device="auto", cache=cache, progress=lambda _: None)
        except EngineError as problem:
            click.echo(f"skipped {engine_name}: {problem}", err=True)
            continue
        found += [
            (f"{engine_name}", lambda mail, e=engine: transcribe_audio(mail.file, engine=e).text),
            (
                f"{engine_name} + clients",
                lambda mail, e=engine: transcribe_audio(mail.file, engine=e, clients=names).text,
            ),
            (
                f"{engine_name} + caller id",
                lambda mail, e=engine: transcribe_audio(mail.file, engine=e, clients=names, client=mail.client).text,
            ),
        ]
    return found


def plain(model: str, cache: Path) -> Hear:
    """The library as its README shows it, on the same weights."""
    import torch
    import whisper

    from transcribe.weights import checkpoint

    file = checkpoint(model, cache=cache, progress=lambda _: None)
    network = whisper.load_model(str(file) if file else model, download_root=str(cache / "openai-whisper"))
    half = torch.cuda.is_available()
    return lambda mail: str(network.transcribe(decode(mail.file).samples, fp16=half)["text"])


def compare(hearing: Sequence[tuple[str, Hear]], mails: Sequence[Voicemail], console: Console) -> list[Score]:
    """Hear every voicemail every way, voicemail by voicemail, so that a machine's busy moments fall on all ways alike."""
    wall, busy = [0.0] * len(hearing), [0.0] * len(hearing)
    texts: list[list[str]] = [[] for _ in hearing]
    for number, mail in enumerate(mails, start=1):
        for index, (_, hear) in enumerate(hearing):
            start, start_busy = time.perf_counter(), time.process_time()
            texts[index].append(hear(mail))
            wall[index] += time.perf_counter() - start
            busy[index] += time.process_time() - start_busy
        if console.is_terminal:
            console.print(f"  {number} of {len(mails)} voicemails", style="dim")
    return [
        score(name, heard, mails, seconds=wall[index], busy=busy[index])
        for index, ((name, _), heard) in enumerate(zip(hearing, texts, strict=True))
    ]


def score(name: str, texts: Sequence[str], mails: Sequence[Voicemail], *, seconds: float, busy: float) -> Score:
    """Compare what one way heard with what was spoken."""
    pairs = [(words(mail.text), words(text)) for mail, text in zip(mails, texts, strict=True) if mail.text]
    names = tuple(dict.fromkeys(mail.client for mail in mails if mail.client))
    return Score(
        name=name,
        seconds=seconds,
        busy=busy,
        errors=jiwer.wer([spoken for spoken, _ in pairs], [heard for _, heard in pairs]),
        callbacks=sum(callback_number(text) == mail.callback for mail, text in zip(mails, texts, strict=True)),
        clients=sum(client_named(text, names) == mail.client for mail, text in zip(mails, texts, strict=True)),
        invented=sum(bool(words(text)) and not mail.text for mail, text in zip(mails, texts, strict=True)),
    )


def words(text: str) -> str:
    """Lower-case words and numbers, for counting errors."""
    bare = re.sub(r"[^\w\s']", " ", text.casefold().replace("&", " and "))
    return " ".join(re.sub(r"(?<=\d)\s+(?=\d)", "", bare).split())


def table(scores: Sequence[Score], mails: Sequence[Voicemail], model: str) -> Table:
    """The scores as a table; times are those of all voicemails together."""
    total = sum(mail.seconds for mail in mails)
    found = Table(title=f"{len(mails)} voicemails, {total:.0f} s of sound, Whisper {model}, {os.cpu_count()} cores")
    for column in (
        "",
        "seconds",
        "processor",
        "real time",
        "to plain",
        "word errors",
        "callback",
        "client",
        "invented",
    ):
        found.add_column(column, justify="left" if not column else "right")
    for one in scores:
        found.add_row(
            one.name,
            f"{one.seconds:.1f}",
            f"{one.busy:.1f}",
            f"{one.seconds / total:.3f}",
            f"{one.seconds / scores[0].seconds:.2f}",
            f"{one.errors:.1%}",
            f"{one.callbacks}/{len(mails)}",
            f"{one.clients}/{len(mails)}",
            str(one.invented),
        )
    return found


if __name__ == "__main__":
    main()
