"""The commands `helpline flow ...`: like `ivr.cli`, declarations only."""

from pathlib import Path

import click

from ivr.rolesettings import settings_for


@click.group()
def flow() -> None:
    """The YAML files that admins edit."""


@flow.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For editors and programs.")
@click.option("--strict", is_flag=True, help="Notes fail the check, too.")
def check(*, folder: Path | None, as_json: bool, strict: bool) -> int:
    """Check flow files before a caller hears them.

    Exit code 0: no problems. 1: problems, or with --strict notes. 2: the command itself or a setting is wrong."""
    from ivr.commands.flowcheck import print_problems

    return print_problems(folder or settings_for("flow", quiet=True).flows_dir, as_json=as_json, strict=strict)


@flow.command("try")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--at", metavar="TIME", help='When: "2026-11-01 01:30", by the clocks of the desk or with a zone behind it.'
)
@click.option("--from", "number", metavar="NUMBER", help="The number that calls or texts: +19035550160.")
@click.option("--as", "known_as", metavar="NAME", help="A client; or vip, known, blocked, withheld, stranger.")
@click.option("--outage", metavar="WORDS", help="An outage that a colleague has announced to this client.")
@click.option("--text", "texts", metavar="WORDS", multiple=True, help="Text these words instead of calling.")
@click.option("--keys", metavar="LIST", help='What happens, without asking: "1,silence,1".')
@click.option("--save", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Keep it as a test.")
def try_flow(
    *,
    folder: Path | None,
    at: str | None,
    number: str | None,
    known_as: str | None,
    outage: str | None,
    texts: tuple[str, ...],
    keys: str | None,
    save: Path | None,
) -> int:
    """Walk a call or a text in the terminal."""
    from ivr.commands import flowtry

    if number is not None and known_as is not None:
        raise click.UsageError("--from and --as both say who calls: take one of them.")
    asked = flowtry.Asked(at, number, known_as, outage, texts, keys, save)
    return flowtry.try_flow(folder or settings_for("flow", quiet=True).flows_dir, asked)


@flow.command("test")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For editors and programs.")
def test_flow(*, folder: Path | None, as_json: bool) -> int:
    """Run the tests beside the flows, and name what none visits."""
    from ivr.commands.flowtest import print_tests

    return print_tests(folder or settings_for("flow", quiet=True).flows_dir, as_json=as_json)


@flow.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def history(*, as_json: bool) -> int:
    """List the versions in use so far, and refused edits."""
    from ivr.commands.flowhistory import print_history

    return print_history(settings_for("flow", quiet=True), as_json=as_json)


@flow.command()
@click.argument("version", required=False)
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Only write the files to this folder.")
def rollback(*, version: str | None, to: Path | None) -> int:
    """Undo the last edit, or go back to VERSION.

    VERSION is a number or the beginning of a hash of `helpline flow history`. The files are written back to FLOWS_DIR.
    """
    from ivr.commands.flowhistory import roll_back

    return roll_back(settings_for("flow", quiet=True), version, to=to)


@flow.command("show")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--mermaid", "as_mermaid", is_flag=True, help="As Mermaid, for pages that draw it.")
@click.option("--svg", "svg_file", metavar="FILE", type=click.Path(path_type=Path), help="Write an SVG picture.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def flow_show(*, folder: Path | None, as_mermaid: bool, svg_file: Path | None, as_json: bool) -> int:
    """Draw the way of calls and texts."""
    from ivr.commands.flowshow import print_flow

    folder = folder or settings_for("flow", quiet=True).flows_dir
    return print_flow(folder, as_mermaid=as_mermaid, svg_file=svg_file, as_json=as_json)


@flow.command("diff")
@click.argument("old", metavar="OLD", type=click.Path(path_type=Path))
@click.argument("new", metavar="[NEW]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def flow_diff(*, old: Path, new: Path | None, as_json: bool) -> int:
    """Say what people will notice between two versions.

    OLD and NEW are folders, or versions of `helpline flow history`. NEW is FLOWS_DIR if left out.
    """
    from ivr.commands.flowdiff import print_differences

    return print_differences(old, new, settings=lambda: settings_for("flow", quiet=True), as_json=as_json)
