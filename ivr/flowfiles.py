"""The folder of the flow files: whether anything in it has changed, and putting a version back."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flows.loader import CLIENTS, HELPDESK, ONCALL, TRANSLATION

#: Looks the same as long as no YAML file of the folder was changed.
Stamp = tuple[tuple[str, int, int, int], ...]

#: What stands behind the name of a copy of what was there before.
BEFORE = ".before-rollback"


def stamp(folder: Path) -> Stamp:
    """Name, time, size and identity of every YAML file; of a folder that is not there, that of an empty one."""
    found = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".yml"):
                with suppress(OSError):  # gone since it was listed
                    seen = entry.stat()
                    found.append((entry.name, seen.st_mtime_ns, seen.st_size, seen.st_ino))
    return tuple(sorted(found))


def is_flow_file(name: str) -> bool:
    """Whether the loader would read a file of this name."""
    return name in (HELPDESK, ONCALL, CLIENTS) or TRANSLATION.fullmatch(name) is not None


@dataclass(frozen=True)
class Written:
    """What `put_back` did, by file name. Of what was written over or taken away a copy is beside it when `copied`."""

    written: tuple[str, ...]
    taken_away: tuple[str, ...]
    copied: tuple[str, ...]


def put_back(folder: Path, files: Mapping[str, str], *, known: Mapping[str, str]) -> Written:
    """Make `files` the flow files of `folder`; files that are none of flows stay. Each one appears whole or not at all, with
    the rights of the one before. What is written over stays beside it as a copy, unless it is in `known`, the files of a
    version that is kept anyway. Raises OSError before anything is changed when the folder cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    present = {path.name: _text(path) for path in folder.iterdir() if is_flow_file(path.name)}
    wanted = {name: text for name, text in files.items() if present.get(name) != text}
    surplus = sorted(set(present) - set(files))
    lost = sorted(name for name in (*wanted, *surplus) if name in present and present[name] != known.get(name))
    ready: dict[str, Path] = {}
    try:
        for name, text in wanted.items():
            ready[name] = _beside(folder / name, text)
        for name in lost:
            os.replace(_beside(folder / name, None), folder / (name + BEFORE))
        for name, path in ready.items():
            os.replace(path, folder / name)
        for name in surplus:
            (folder / name).unlink()
    finally:
        for path in ready.values():
            path.unlink(missing_ok=True)
    return Written(tuple(sorted(wanted)), tuple(surplus), tuple(lost))


def _text(path: Path) -> str | None:
    """None for what is no readable text: it is like nothing that is kept."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _beside(path: Path, text: str | None) -> Path:
    """A file in the same folder with this text (None: with what is in `path`), and the rights and owner of `path`."""
    data = path.read_bytes() if text is None else text.encode()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        like = path.stat()
        os.chmod(name, like.st_mode & 0o777)
        with suppress(OSError):  # only root gives files away
            os.chown(name, like.st_uid, like.st_gid)
    else:
        os.chmod(name, 0o644)
    return Path(name)
