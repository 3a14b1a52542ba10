"""Errors on their way to a person: one message, one exit code, never a traceback."""

import click

from ivr.log import debugging
from ivr.log_filter import scrub

FAILED = 1
NOT_USABLE = 2
INTERRUPTED = 130

# By name: a command that never touches the database should not import it to look at its errors.
# 2: settings, flow files, weights, schema or this machine must be mended first. 1: it was tried and failed.
_KNOWN = {
    "ivr.settings.SettingsError": NOT_USABLE,
    "ivr.up.UpError": NOT_USABLE,
    "ivr.broker.BrokerError": NOT_USABLE,
    "ivr.sandbox.config.SandboxError": NOT_USABLE,
    "flows.problems.FlowErrors": NOT_USABLE,
    "tickets.db.SchemaError": NOT_USABLE,
    "transcribe.engine.EngineError": NOT_USABLE,
    "tickets.storage.StorageError": FAILED,
}


class Failure(click.ClickException):
    """What a command reports itself: the text for the person, and the exit code."""

    def __init__(self, message: str, *, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def report(error: BaseException) -> int:
    """Say on standard error what went wrong; returns the exit code."""
    if isinstance(error, click.ClickException):
        error.show()
        return error.code if isinstance(error, Failure) else error.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    names = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]
    code = next((_KNOWN[name] for name in names if name in _KNOWN), None)
    if code is not None:
        click.echo(f"Error: {error}", err=True)
        return code
    if "sqlalchemy.exc.DBAPIError" in names:
        cause = str(getattr(error, "orig", "") or type(error).__name__).strip().splitlines()[0]
        text = f"the database of DATABASE_URL does not do its work: {scrub(cause)}. `helpline doctor` checks it."
        click.echo(f"Error: {text}", err=True)
        return FAILED
    click.echo(f"Error: {_unexpected(error)}", err=True)
    return FAILED


def _unexpected(error: BaseException) -> str:
    if debugging():
        import traceback

        return "unexpected\n" + scrub("".join(traceback.format_exception(error)))
    lines = scrub(str(error)).strip().splitlines()
    cause = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return f"unexpected {cause}. With HELPLINE_DEBUG=1 set, this shows where."
