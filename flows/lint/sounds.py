"""Whether the sound files that prompts name lie beside the flow files, and can be played."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

from flows.fields import FILE_FORM
from flows.nearest import did_you_mean
from flows.problems import Problem
from flows.routes import STEPS
from flows.schema import HelpdeskFlow
from flows.sounds import FOLDER, HEAD, wrong_with
from flows.source import Document, Place
from flows.speech import Clip, Model


def sound_problems(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """A file that is missing is a problem: the caller hears nothing. Addresses of other machines are not tried."""
    folder = Path(document.file).parent / FOLDER
    clips = [clip for name, step in flow.calls.steps.items() for clip in clips_of(step, (*STEPS, name))]
    for place, clip in (*clips, *clips_of(flow.calls.outage, ("calls", "outage"))):
        if re.fullmatch(FILE_FORM, clip.play) and (found := _looked_at(folder, clip.play)) is not None:
            message, hint = found
            yield document.problem((*place, "play"), message, hint=hint)


def clips_of(model: Model, place: Place) -> Iterator[tuple[Place, Clip]]:
    """Every sound inside of `model`, with its place. `place` is the model's own."""
    if isinstance(model, Clip):
        yield place, model
        return
    for name in type(model).model_fields:
        value = getattr(model, name)
        inner = place if name == "spoken" else (*place, name)  # languages have no key of their own in the file
        if isinstance(value, Model):
            yield from clips_of(value, inner)
        elif isinstance(value, tuple | dict):
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                if isinstance(item, Model):
                    yield from clips_of(item, (*inner, key))


def _looked_at(folder: Path, name: str) -> tuple[str, str] | None:
    """What is wrong with the file, and how to mend it."""
    path = folder / name
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return f"{FOLDER}/{name} is not a file", "put a sound file of this name there"
        with path.open("rb") as stream:
            why = wrong_with(name, stream.read(HEAD), status.st_size)
    except FileNotFoundError:
        return f"there is no file {FOLDER}/{name}", did_you_mean(
            name, _names(folder)
        ) or f"put it into the folder {FOLDER}"
    except OSError as error:
        return f"{FOLDER}/{name} cannot be read: {error.strerror}", "check its rights"
    return (
        None if why is None else (f"{FOLDER}/{name}: {why}", "save it as WAV (PCM, 8 kHz, 16 bit, one channel) or MP3")
    )


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []
