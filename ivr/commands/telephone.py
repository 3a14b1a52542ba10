"""`helpline phone`: what the telephone and the demo need from settings and flow files."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from flows.schedule import on_duty
from ivr.commands.failures import NOT_USABLE, Failure
from ivr.commands.usable_flows import usable_flows
from ivr.demo import Ticket, run_demo
from ivr.phone import run_phone
from ivr.settings import TWILIO_API, Settings
from ivr.settings_rules import e164
from tickets import db, queries

# Who calls when nobody says who.
CALLER = "+19035550147"
# Beside the packages, in a checkout.
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def hold(settings: Settings, *, caller: str | None, wav: Path | None) -> int:
    """Hold a telephone until the person quits. Returns the exit code."""
    _only_sandbox(settings)
    try:
        number = e164(caller or CALLER)
    except ValueError as wrong:
        raise Failure(f"--from: {wrong}", code=NOT_USABLE) from None
    return run_phone(
        settings.twilio_api_url,
        number=number,
        wav=wav,
        samples=SAMPLES,
        staff=_staff(settings),
        console=Console(),
    )


def play(settings: Settings) -> int:
    """Play the whole story. Returns the exit code: 0 when it held."""
    _only_sandbox(settings)
    engine = db.connect(settings.database_url)
    db.check_version(engine)
    desk = db.Database(engine)

    def newest() -> Sequence[Ticket]:
        with desk.reading() as session:
            return queries.newest(session, limit=20, sender=settings.sender)[0]

    try:
        return run_demo(settings.twilio_api_url, api=newest, samples=SAMPLES, staff=_staff(settings), console=Console())
    finally:
        engine.dispose()


def _staff(settings: Settings) -> list[tuple[str, str]]:
    """The phones that a page of this moment rings: in a gap of the schedule everyone's."""
    oncall = usable_flows(settings).oncall
    people = on_duty(oncall, datetime.now(UTC)) or oncall.team
    return [(person.name, person.phones[0]) for person in people]


def _only_sandbox(settings: Settings) -> None:
    if urlsplit(settings.twilio_api_url).hostname == urlsplit(TWILIO_API).hostname:
        raise Failure(
            "this telephone calls the sandbox carrier only, and TWILIO_ACCOUNT_SID is set: use a real telephone, or "
            "unset the account (TWILIO_ACCOUNT_SID= TWILIO_AUTH_TOKEN= helpline up)",
            code=NOT_USABLE,
        )
