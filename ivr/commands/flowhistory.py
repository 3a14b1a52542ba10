"""`helpline flow history` and `helpline flow rollback`: the versions of the flow files, and back to one of them."""

import difflib
import getpass
import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from flows.loader import Flows
from ivr.commands.database import opened
from ivr.commands.failures import NOT_USABLE, Failure
from ivr.duty import iso
from ivr.flowfiles import BEFORE, Written, put_back
from ivr.flowstore import flows_of
from ivr.flowwatch import judge
from ivr.links import Links
from ivr.settings import Settings
from ivr.wiring import rules_of, utc_now
from tickets import flow_versions
from tickets.flow_versions import Change, InUse
from tickets.states import FlowChangeKind

LISTED = 50
#: So much of a hash is shown on a terminal; `rollback` takes it.
SHOWN = 7
_SAID = {
    FlowChangeKind.EDITED: "",
    FlowChangeKind.ROLLED_BACK: "rolled back: ",
    FlowChangeKind.BUILT_IN: "built-in voicemail",
    FlowChangeKind.REFUSED: "refused: ",
    FlowChangeKind.MENDED: "right again",
}


def print_history(settings: Settings, *, as_json: bool) -> int:
    """Print what happened to the flow files, the newest first. Raises SchemaError."""
    with opened(settings) as database, database.reading() as session:
        known, lines = flow_versions.in_use(session), flow_versions.history(session, limit=LISTED)
        flows = _loaded(session, known, settings.flows_dir) if known else None
    if as_json:
        click.echo(json.dumps({"versions": [_data(line, known) for line in lines]}, indent=2, ensure_ascii=False))
        return 0
    if not lines:
        click.echo("No version of the flow files was ever in use. Start with: helpline up")
        return 0
    _print(lines, known, zone=ZoneInfo(flows.helpdesk.desk.zone if flows else "UTC"))
    return 0


def _print(lines: list[Change], known: InUse | None, *, zone: ZoneInfo) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("", "Version", "Hash", "When", "Who", "What"):
        table.add_column(heading, overflow="fold", no_wrap=heading != "What")
    marked = False
    for line in lines:
        in_use = known is not None and line.version == known.version and not marked
        marked = marked or in_use
        what = Text(what_changed(line), style="red" if line.kind is FlowChangeKind.REFUSED else "")
        number, version = str(line.number or "-"), (line.version or "-")[:SHOWN]
        when = f"{line.at.astimezone(zone):%Y-%m-%d %H:%M}"
        table.add_row("*" if in_use else "", number, version, when, Text(line.by or "unknown"), what)
    console = Console()
    console.print(table)
    console.print("* is in use. Back to an earlier one: helpline flow rollback VERSION", style="dim")


def _data(line: Change, known: InUse | None) -> dict[str, object]:
    return {
        "version": line.number,
        "hash": line.version,
        "at": iso(line.at),
        "by": line.by,
        "kind": line.kind.value,
        "what": what_changed(line),
        "in_use": known is not None and line.version == known.version,
        "files": sorted(line.files),
        "problem": line.problem,
    }


def what_changed(line: Change) -> str:
    """ "helpdesk.yml +3 -1, texts.fr.yml new", with what kind of change it was."""
    said = _SAID[line.kind]
    if line.kind is FlowChangeKind.REFUSED:
        return said + (line.problem or "")
    if line.kind in (FlowChangeKind.BUILT_IN, FlowChangeKind.MENDED):
        return said
    if not line.before:
        return said + "the first version"
    differences = ", ".join(_differences(line.before, line.files))
    # The version went on all the time: what was undone is an edit that never came into use.
    return said + (differences or ("the refused edit" if line.kind is FlowChangeKind.ROLLED_BACK else "nothing"))


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        if name not in before:
            yield f"{name} new"
        elif name not in after:
            yield f"{name} gone"
        elif before[name] != after[name]:
            compared = list(difflib.ndiff(before[name].splitlines(), after[name].splitlines()))
            more, fewer = (sum(line.startswith(sign) for line in compared) for sign in ("+ ", "- "))
            yield f"{name} +{more} -{fewer}" if more or fewer else f"{name} line ends"


def roll_back(settings: Settings, named: str | None, *, to: Path | None, now: datetime | None = None) -> int:
    """Put the files of a version back and use them; with `to`, only write them there. Raises SchemaError, and Failure for a
    version that is not there or cannot be used, or a folder that cannot be written."""
    with opened(settings) as database:
        with database.reading() as session:
            known = flow_versions.in_use(session)
            wanted = _wanted(session, known, named, settings.flows_dir)
            files = flow_versions.files_of(session, wanted.version) or {}
            kept = (flow_versions.files_of(session, known.version) or {}) if known else {}
            if wanted.built_in:
                raise Failure(
                    f"version {wanted.number} is the built-in voicemail, which has no files. Choose another one."
                )
            flows = _loaded(session, wanted, settings.flows_dir)
            if flows is None:
                raise Failure(f"version {wanted.number} cannot be used by this helpline. Choose another one.")
        if to is not None:
            _say(_put_back(to, files, known={}, settings=settings, wanted=wanted), to)
            click.echo(f"{to} has version {wanted.number} ({wanted.version}). What is in use has not changed.")
            return 0
        links = Links(settings.secret_key.get_secret_value(), settings.public_url)
        with database.unit() as unit:
            flow_versions.hold(unit)
            done = _put_back(settings.flows_dir, files, known=kept, settings=settings, wanted=wanted)
            flow_versions.use(
                unit,
                wanted.version,
                files,
                kind=FlowChangeKind.ROLLED_BACK,
                now=now or utc_now(),
                by=whoever_runs_this(),
                rules=rules_of(flows, settings, links=links),
            )
    _say(done, settings.flows_dir)
    click.echo(f"Version {wanted.number} ({wanted.version}) is in use. New calls hear it within seconds.")
    return 0


def _wanted(session: Session, known: InUse | None, named: str | None, folder: Path) -> InUse:
    """The version to go back to. Without a name: before the last edit, whether that edit came into use or not."""
    if named is not None:
        found = flow_versions.find(session, named)
        if found is None:
            raise Failure(f'there is no version "{named}". helpline flow history lists them.', code=NOT_USABLE)
        return found
    if known is not None and not known.built_in and judge(folder, in_use=known.version).version != known.version:
        return known
    earlier = flow_versions.before(session)
    if earlier is None:
        raise Failure("there is no earlier version. helpline flow history lists them.")
    return earlier


def _put_back(
    folder: Path, files: Mapping[str, str], *, known: Mapping[str, str], settings: Settings, wanted: InUse
) -> Written:
    try:
        return put_back(folder, files, known=known)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        where = "FLOWS_DIR" if folder == settings.flows_dir else "--to"
        raise Failure(
            f"{where}: {folder} cannot be written ({reason}); nothing was changed. Run this as the user who may write it, or "
            f"take the files with `helpline flow rollback {wanted.number} --to FOLDER` and put them there yourself."
        ) from None


def _say(done: Written, folder: Path) -> None:
    for name in done.written:
        click.echo(f"written     {folder / name}")
    for name in done.taken_away:
        click.echo(f"taken away  {folder / name}")
    for name in done.copied:
        click.echo(f"kept        {folder / name}{BEFORE} (what was there)")


def whoever_runs_this() -> str:
    """The person at the terminal, as far as the machine knows: behind sudo, who called it."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return f"user {os.getuid()}"


def _loaded(session: Session, known: InUse, folder: Path) -> Flows | None:
    return flows_of(known.version, flow_versions.files_of(session, known.version) or {}, folder)
