"""The command `helpline`.

Declares the commands and their options; what they do stands in the modules they import when called, so that
`helpline --help` is quick and a broken part breaks its own command only.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from ivr.commands.failures import report
from ivr.flowcli import flow
from ivr.lifeline import watch_parent
from ivr.rolesettings import settings_for
from ivr.settings import Settings

SECTIONS = {
    "Run": ("up", "db upgrade"),
    "Look": ("phone", "tickets", "oncall", "consent", "transcribe"),
    "Check": (
        "doctor",
        *("flow check", "flow try", "flow test", "flow show", "flow diff", "flow history", "flow rollback"),
        "drill",
    ),
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


cli.add_command(flow)


@cli.command()
def up() -> int:
    """Run every process in this terminal (Ctrl-C stops all)."""
    from ivr.up import run_up

    return run_up(settings_for("up"))


@cli.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Bring the database to this version's schema."""
    from tickets import db as database

    settings = settings_for("db")
    click.echo(f"The database has schema {database.upgrade(settings.database_url)}.")


@cli.command()
@click.option(
    "--demo", is_flag=True, help="Play a whole story by itself: call, voicemail, transcript, ticket, page, ACK."
)
@click.option("--from", "caller", metavar="NUMBER", help="The caller's number, +19035550147 for example.")
@click.option("--wav", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The message to leave.")
def phone(*, demo: bool, caller: str | None, wav: Path | None) -> int:
    """Call the desk from this terminal, on the sandbox carrier."""
    settings = settings_for("phone", quiet=True)
    from ivr.commands.telephone import hold, play

    return play(settings) if demo else hold(settings, caller=caller, wav=wav)


@cli.command()
@click.argument("number", type=int, required=False)
@click.option("--json", "as_json", is_flag=True, help="As the JSON API gives them.")
def tickets(*, number: int | None, as_json: bool) -> int:
    """List the tickets, newest first, or show one."""
    from ivr.show import print_tickets

    settings = settings_for("tickets", quiet=True)
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

    settings = settings_for("consent", quiet=True)
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

    settings = settings_for("oncall", quiet=True)
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

    return print_words(settings_for("transcribe", quiet=True), files, as_json=as_json)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(*, as_json: bool) -> int:
    """Look at every part, and say how to mend what is wrong."""
    from ivr.doctor import run_doctor

    return run_doctor(as_json=as_json)


@cli.command()
@click.option("--page", metavar="NAME", help="Really page this one person; without it, nobody.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def drill(*, page: str | None, as_json: bool) -> int:
    """Call the desk from itself, and time every leg to the page."""
    from ivr.commands.drill import print_drill

    return print_drill(settings_for("drill", quiet=True), page, as_json=as_json)


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
    settings = settings_for(role)
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
