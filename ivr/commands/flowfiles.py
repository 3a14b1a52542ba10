"""Flow files for the commands that look at them: a folder or a kept version, or what is wrong with it."""

import re
import shutil
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from flows.loader import Flows, load_all
from ivr.commands.failures import NOT_USABLE, Failure
from ivr.commands.flowcheck import print_problems
from ivr.settings import Settings

_IN_ASCII = str.maketrans({"“": '"', "”": '"', "…": "...", "·": "-", "→": "->"})


def read_flows(folder: Path, *, as_json: bool) -> Flows | None:
    """The flows of a folder. None when they cannot be loaded: then what is wrong has been printed."""
    found = load_all(folder).flows
    if found is None:
        print_problems(folder, as_json=as_json)
    return found


def named_flows(named: Path, *, settings: Callable[[], Settings], as_json: bool) -> Flows | None:
    """The flows of a folder, or of the version of `helpline flow history` with this number or beginning of its hash; None
    as `read_flows`. Raises Failure for a version that is not there or cannot be used, and SchemaError."""
    if named.is_dir() or not re.fullmatch(r"[0-9]{1,6}|[0-9a-f]{4,64}", str(named)):
        return read_flows(named, as_json=as_json)
    return _kept(str(named), settings())


def _kept(named: str, settings: Settings) -> Flows:
    # The database is for who asks for a version: folders are compared without one.
    from ivr.flowstore import flows_of
    from tickets import db, flow_versions

    engine = db.connect(settings.database_url)
    try:
        db.check_version(engine)
        with db.Database(engine).reading() as session:
            found = flow_versions.find(session, named)
            files = flow_versions.files_of(session, found.version) if found else None
    finally:
        engine.dispose()
    if found is None:
        message = f'"{named}" is no folder and no version. helpline flow history lists the versions.'
        raise Failure(message, code=NOT_USABLE)
    flows = flows_of(found.version, files or {}, settings.flows_dir)
    if flows is None:
        raise Failure(f"version {found.number} cannot be read by this helpline. Choose another one.")
    return flows


def can_show(characters: str, console: Console) -> bool:
    """Whether the terminal, or the file that stands in for it, holds these characters."""
    try:
        characters.encode(console.encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def shown_on(console: Console, words: str) -> str:
    """Words as this terminal can show them: with plain quotes, and a question mark for every other character it lacks."""
    if can_show(words, console):
        return words
    return words.translate(_IN_ASCII).encode(console.encoding, "replace").decode(console.encoding)


def in_width(words: str, *, first: str = "", then: str = "") -> list[str]:
    """Words as lines of this terminal, the first one behind `first` and the others behind `then`; one line in a pipe."""
    if not sys.stdout.isatty():
        return [first + words]
    width = max(shutil.get_terminal_size().columns, 40)
    return textwrap.wrap(words, width, initial_indent=first, subsequent_indent=then, break_on_hyphens=False) or [first]
