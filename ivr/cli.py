"""The command `helpline`.

Declares the commands and their options; what they do stands in the modules they import when called, so that
`helpline --help` is quick and a broken part breaks its own command only.
"""

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from ivr import log
from ivr.commands.failures import report
from ivr.lifeline import watch_parent
from ivr.settings import Settings, load_settings

SECTIONS = {
    "Run": ("up", "db upgrade"),
    "Look": ("phone", "tickets", "oncall", "consent", "transcribe"),
    "Check": ("doctor", "flow check", "flow try", "flow test", "flow history", "flow rollback", "drill"),
    "Roles (the lines of Procfile; `up` runs all of them)": (
        "web",
        "worker",
        "transcriber",
        "clock",
        "broker",
        "sandbox",
    ),
}


class _Sections(click.Group):
    """A group whose help lists the commands by use."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = formatter.width
        for section, names in SECTIONS.items():
            rows = [(name, self._named(ctx, name).get_short_help_str(width)) for name in names]
            with formatter.section(section):
                formatter.write_dl(rows, col_max=16)

    def _named(self, ctx: click.Context, name: str) -> click.Command:
        command: click.Command = self
        for word in name.split():
            found = command.get_command(ctx, word) if isinstance(command, click.Group) else None
            if found is None:
                raise LookupError(name)
            command = found
        return command


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """The entry point. Exit codes: 0 done; 1 a check or a try failed; 2 something must be mended first."""
    os.umask(0o077)  # recordings, database and logs hold what clients said: nobody else on this machine reads them
    code = run(sys.argv[1:] if argv is None else argv)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _close_stdout()
    sys.exit(code)


def run(argv: Sequence[str]) -> int:
    """Run one command line; returns the exit code. No error leaves this function."""
    try:
        # Not `cli.main`: that has exit codes of its own for a closed pipe and an interrupt.
        with cli.make_context("helpline", list(argv)) as context:
            code = cli.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except BrokenPipeError:
        # The reader (`helpline tickets | head`) has seen enough.
        _close_stdout()
        return 0
    except (Exception, KeyboardInterrupt) as error:
        return report(error)
    return code if isinstance(code, int) else 0


def _close_stdout() -> None:
    """Keep Python from complaining about the closed pipe when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=_Sections, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="helpline", message="%(prog)s %(version)s")
def cli() -> None:
    """The call-and-text front door of a help desk.

    A caller leaves a message; it becomes words, an urgent ticket and a page to everyone on call. Start with
    `helpline up`. Settings come from the environment and `.env`; docs/operations.md lists them.
    """


@cli.command()
def up() -> int:
    """Run every process in this terminal (Ctrl-C stops all)."""
    from ivr.up import run_up

    return run_up(_settings("up"))


@cli.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Bring the database to this version's schema."""
    from tickets import db as database

    settings = _settings("db")
    click.echo(f"The database has schema {database.upgrade(settings.database_url)}.")


@cli.command()
@click.option(
    "--demo", is_flag=True, help="Play a whole story by itself: call, voicemail, transcript, ticket, page, ACK."
)
@click.option("--from", "caller", metavar="NUMBER", help="The caller's number, +19035550147 for example.")
@click.option("--wav", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The message to leave.")
def phone(*, demo: bool, caller: str | None, wav: Path | None) -> int:
    """Call the desk from this terminal, on the sandbox carrier."""
    settings = _settings("phone", quiet=True)
    from ivr.commands.telephone import hold, play

    return play(settings) if demo else hold(settings, caller=caller, wav=wav)


@cli.command()
@click.argument("number", type=int, required=False)
@click.option("--json", "as_json", is_flag=True, help="As the JSON API gives them.")
def tickets(*, number: int | None, as_json: bool) -> int:
    """List the tickets, newest first, or show one."""
    from ivr.show import print_tickets

    settings = _settings("tickets", quiet=True)
    return print_tickets(settings, number, as_json)


@cli.command()
@click.argument("number")
@click.option("--opt-out", "kind", flag_value="opt-out", help="Enter that this number wants no texts.")
@click.option("--opt-in", "kind", flag_value="opt-in", help="Enter that this number wants texts again.")
@click.option("--reason", metavar="WORDS", help="How you know; needed for an entry.")
@click.option("--by", metavar="NAME", help="Who enters it; needed for an entry.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def consent(*, number: str, kind: str | None, reason: str | None, by: str | None, as_json: bool) -> int:
    """Show whether a number may be texted and why, or enter a wish."""
    from ivr.commands.consent import enter, show

    settings = _settings("consent", quiet=True)
    if kind is not None:
        enter(settings, number, kind=kind, reason=reason, by=by)
    return show(settings, number, as_json=as_json)


@cli.command()
@click.option("--at", metavar="TIME", help='At this time instead of now: "2026-11-23 22:00", or with an offset.')
@click.option("--week", "whole_week", is_flag=True, help="The week as a calendar.")
@click.option("--undo", metavar="NUMBER", type=int, help="Undo a change that somebody made by text.")
@click.option("--ready", is_flag=True, help="What is wrong with the next shift; exit code 1 when anything is.")
@click.option("--json", "as_json", is_flag=True, help="As the JSON API gives it.")
def oncall(*, at: str | None, whole_week: bool, undo: int | None, ready: bool, as_json: bool) -> int:
    """Say who is on call, until when, and who is next."""
    from ivr.commands.duty import print_ready, undo_change
    from ivr.commands.oncall import print_oncall

    settings = _settings("oncall", quiet=True)
    if undo is not None:
        return undo_change(settings, undo)
    if ready:
        return print_ready(settings, as_json=as_json)
    return print_oncall(settings, at, whole_week=whole_week, as_json=as_json)


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="With segments, confidence and callback number.")
def transcribe(*, files: tuple[Path, ...], as_json: bool) -> int:
    """Print what is said in audio files."""
    from ivr.commands.listen import print_words

    return print_words(_settings("transcribe", quiet=True), files, as_json=as_json)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(*, as_json: bool) -> int:
    """Look at every part, and say how to mend what is wrong."""
    from ivr.doctor import run_doctor

    return run_doctor(as_json=as_json)


@cli.group()
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

    return print_problems(folder or _settings("flow", quiet=True).flows_dir, as_json=as_json, strict=strict)


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
    return flowtry.try_flow(folder or _settings("flow", quiet=True).flows_dir, asked)


@flow.command("test")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For editors and programs.")
def test_flow(*, folder: Path | None, as_json: bool) -> int:
    """Run the tests beside the flow files, and name what none visits."""
    from ivr.commands.flowtest import print_tests

    return print_tests(folder or _settings("flow", quiet=True).flows_dir, as_json=as_json)


@flow.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def history(*, as_json: bool) -> int:
    """List the versions in use so far, and refused edits."""
    from ivr.commands.flowhistory import print_history

    return print_history(_settings("flow", quiet=True), as_json=as_json)


@flow.command()
@click.argument("version", required=False)
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Only write the files to this folder.")
def rollback(*, version: str | None, to: Path | None) -> int:
    """Undo the last edit, or go back to VERSION.

    VERSION is a number or the beginning of a hash of `helpline flow history`. The files are written back to FLOWS_DIR.
    """
    from ivr.commands.flowhistory import roll_back

    return roll_back(_settings("flow", quiet=True), version, to=to)


@cli.command()
@click.option("--page", metavar="NAME", help="Really page this one person; without it, nobody.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def drill(*, page: str | None, as_json: bool) -> int:
    """Call the desk from itself, and time every leg to the page."""
    from ivr.commands.drill import print_drill

    return print_drill(_settings("drill", quiet=True), page, as_json=as_json)


@cli.command()
def web() -> None:
    """Answer webhooks, probes and the JSON API."""
    settings = _start("web")
    from ivr.web import serve

    serve(settings)


@cli.command()
def worker() -> None:
    """Fetch recordings, send texts, look things up."""
    settings = _start("worker")
    from ivr.jobs import run_worker

    run_worker(settings)


@cli.command()
def transcriber() -> None:
    """Turn voicemails into words (loads Whisper once)."""
    settings = _start("transcriber")
    from ivr.jobs import run_transcriber

    run_transcriber(settings)


@cli.command()
def clock() -> None:
    """Put due work into the queue; one of many does it at a time."""
    settings = _start("clock")
    from ivr.clock import run_clock

    run_clock(settings)


@cli.command()
def broker() -> int:
    """The embedded Valkey (when REDIS_URL is unset)."""
    settings = _start("broker", needs_database=False)
    from ivr.broker import run_broker

    return run_broker(settings)


@cli.command()
def sandbox() -> None:
    """A carrier on this machine, for trying and testing."""
    settings = _start("sandbox", needs_database=False)
    from ivr.sandbox.config import SandboxConfig
    from ivr.sandbox.server import serve

    config = SandboxConfig(
        host="127.0.0.1",
        port=settings.sandbox_port,
        account_sid=settings.account_sid,
        auth_token=settings.auth_token,
        number=settings.twilio_number,
        public_url=settings.public_url,
        data=settings.data / "sandbox",
        keywords=settings.sms_keywords == "carrier",
    )
    serve(config)


def _start(role: str, *, needs_database: bool = True) -> Settings:
    """What every role does first. Tied to `helpline up` when that started it; refuses a database of another version."""
    watch_parent()
    settings = _settings(role)
    if needs_database:
        _check_schema(settings)
    return settings


def _check_schema(settings: Settings) -> None:
    from tickets import db as database

    engine = database.connect(settings.database_url)
    try:
        database.check_version(engine)
    finally:
        engine.dispose()


def _settings(role: str, *, quiet: bool = False) -> Settings:
    """The settings, with this process's log set up. `quiet`: a person waits for the answer, only warnings are shown."""
    settings = load_settings()
    log.register_secrets(settings.secret_values)
    log.configure(role)
    if quiet and not log.debugging():
        logging.getLogger().setLevel(logging.WARNING)
    return settings
