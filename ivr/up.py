"""`helpline up`: every process in one terminal, for a laptop, a trial or a small server."""

import errno
import json
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from functools import partial
from pathlib import Path

import click

from ivr import checks
from ivr.lifeline import watch_parent
from ivr.once import InUse, held_alone
from ivr.settings import Settings
from ivr.supervisor import Event, Role, Supervisor

__all__ = ["UpError", "roles", "run_up", "watch_parent", "what_next"]

WORKERS = 2
READY_WITHIN = 60.0
# What an `up` that was just ended leaves behind is gone by then.
FREE_WITHIN = 2.0
# What the transcriber logs once its model is in memory.
MODEL_READY = "transcriber ready"
WEBHOOKS = (
    ("A call comes in", "/twilio/voice"),
    ("Call status changes", "/twilio/voice/status"),
    ("A message comes in", "/twilio/sms"),
)


class UpError(Exception):
    """`up` cannot start; the text says why and how to mend it."""


def run_up(settings: Settings) -> int:
    """Migrate, start every process, keep them running until Ctrl-C or SIGTERM. Gives the exit code; raises UpError."""
    try:
        with held_alone(settings.data / "up.lock", within=FREE_WITHIN):
            return _run(settings)
    except InUse as holder:
        raise UpError(
            f"helpline already runs on {settings.data} (process {holder}). "
            "Stop it first, or set HELPLINE_DATA to another folder."
        ) from None


def _run(settings: Settings) -> int:
    _check_ports(settings)
    from tickets import db

    _check_weights(settings)
    db.upgrade(settings.database_url)
    warning = _flow_warning(settings)
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    board = _Board(settings, colour=colour, warning=warning)
    supervisor = Supervisor(roles(settings), say=_say, colour=colour, on_event=board.hear)
    threading.Thread(target=_wait_until_ready, args=(settings, supervisor, board), daemon=True).start()
    return supervisor.run()


def _flow_warning(settings: Settings) -> str:
    """Take the flow files of now into use. What is wrong with them, and what goes on instead; "" when they are right. Callers
    have to be answered whatever is in the files, so they stop nothing."""
    from ivr.flowwatch import ensure_version
    from ivr.wiring import utc_now
    from tickets import db, flow_versions

    database = db.Database(db.connect(settings.database_url))
    try:
        verdict = ensure_version(database, settings.flows_dir, now=utc_now, adopt=True)
        with database.reading() as session:
            known = flow_versions.in_use(session)
    finally:
        database.engine.dispose()
    if verdict is None or verdict.version is not None:
        return ""
    return (
        f"The flow files in {settings.flows_dir} are wrong, {flow_versions.going_on(known)}:\n  {verdict.why}\n"
        "  `helpline flow check` shows every problem; what is right is picked up without a restart."
    )


def _check_weights(settings: Settings) -> None:
    """A model that does not exist is a wrong setting. Weights that are not here yet are not: the transcriber gets them."""
    try:
        checks.weights(settings)
    except checks.NotHereYet:
        return
    except checks.Trouble as trouble:
        raise UpError(f"{trouble.found}. {trouble.mend}") from None


def roles(settings: Settings) -> list[Role]:
    """What has to run with these settings, in the order of starting."""
    wanted = []
    if settings.redis_url is None:
        wanted.append(Role("broker", _helpline("broker"), stops_last=True))
    if starts_sandbox(settings):
        wanted.append(Role("sandbox", _helpline("sandbox"), stops_last=True))
    wanted.append(Role("web", _helpline("web")))
    wanted += [Role(f"worker.{number}", _helpline("worker")) for number in range(1, WORKERS + 1)]
    # Without weights the desk still works: tickets and pages come without words.
    wanted.append(Role("transcriber", _helpline("transcriber"), essential=False))
    wanted.append(Role("clock", _helpline("clock")))
    return wanted


def starts_sandbox(settings: Settings) -> bool:
    """No account, and no carrier named that runs elsewhere."""
    return settings.sandbox and settings.twilio_api_url == f"http://127.0.0.1:{settings.sandbox_port}"


def what_next(settings: Settings, command: str, *, model_ready: bool) -> str:
    """The text that `up` prints once helpline answers: where it is and what to do now."""
    lines = [f"helpline is up: {settings.public_url}", f"  data         {settings.data}"]
    if settings.sandbox:
        lines += [
            f"  carrier      the sandbox on {settings.twilio_api_url} (no account needed)",
            "  next, in a second terminal:",
            f"    {command} phone           call {settings.twilio_number} from your keyboard",
            f"    {command} phone --demo    watch a whole story: call, voicemail, ticket, page, ACK",
            f"    {command} tickets         what the desk sees",
        ]
    else:
        lines += [f"  carrier      {settings.twilio_api_url}", f"  next, set for {settings.twilio_number} (all POST):"]
        lines += [f"    {what:<20} {settings.public_url}{path}" for what, path in WEBHOOKS]
        lines += [f"    {command} doctor          compares them with the carrier's own configuration"]
    state = "is in memory" if model_ready else "is loading; voicemails that come earlier wait for it"
    lines += [f"  words        Whisper {settings.whisper_model} {state}", "  Ctrl-C stops everything"]
    return "\n".join(lines)


class _Board:
    """What the operator is told, each thing once."""

    def __init__(self, settings: Settings, *, colour: bool, warning: str = "") -> None:
        self._settings = settings
        self._warning = warning
        self._colour = colour
        self._model_ready = False
        self._shown = False

    def hear(self, label: str, event: Event) -> None:
        if label == "transcriber" and event["event"] == MODEL_READY and not self._model_ready:
            self._model_ready = True
            if self._shown:
                self._print("Whisper is in memory: voicemails get their words now.")

    def up(self) -> None:
        self._shown = True
        words = what_next(self._settings, shown_command(), model_ready=self._model_ready)
        self._print(f"{words}\n\n{self._warning}" if self._warning else words)

    def not_up(self, reason: str) -> None:
        self._print(
            f"helpline does not answer yet: {reason}\nLook at the lines above; `helpline doctor` checks every part."
        )

    def _print(self, text: str) -> None:
        rule = "─" * 72
        body = f"\n{rule}\n{text}\n{rule}\n"
        _say(click.style(body, bold=True) if self._colour else body)


def shown_command() -> str:
    """How the person at this terminal types the command: `.venv/bin/helpline`."""
    script = Path(sys.executable).parent / "helpline"
    if not script.exists():
        return "python -m ivr"
    short = os.path.relpath(script)
    return str(script) if short.startswith("..") else short


def _helpline(role: str) -> tuple[str, ...]:
    """The installed script, so that the process list says `helpline worker`; in a bare checkout, the package."""
    script = Path(sys.executable).parent / "helpline"
    return (str(script), role) if script.exists() else (sys.executable, "-m", "ivr", role)


def _wait_until_ready(settings: Settings, supervisor: Supervisor, board: _Board) -> None:
    deadline = time.monotonic() + READY_WITHIN
    told = False
    while True:
        reason = _not_ready(settings)
        if reason is None:
            break
        if time.monotonic() > deadline and not told:
            supervisor.post(partial(board.not_up, reason))
            told = True
        time.sleep(0.2)

    def ready() -> None:
        supervisor.usable = True
        board.up()

    supervisor.post(ready)


def _not_ready(settings: Settings) -> str | None:
    """None when /readyz says 200, else the reason."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - where to ask, not listen
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/readyz"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5):
            return None
    except urllib.error.HTTPError as refusal:
        with suppress(ValueError, OSError):
            return json.dumps(json.loads(refusal.read(2000)))
        return f"{url} answers {refusal.code}"
    except OSError as failure:
        return f"{url}: {getattr(failure, 'reason', failure)}"


def _say(text: str) -> None:
    # The terminal or the pipe may be gone; the processes go on all the same.
    with suppress(OSError):
        click.echo(text)


def _check_ports(settings: Settings) -> None:
    _check_port("PORT", settings.host, settings.port)
    if starts_sandbox(settings):
        _check_port("SANDBOX_PORT", "127.0.0.1", settings.sandbox_port)


def _check_port(name: str, host: str, port: int) -> None:
    """Raise UpError when nothing could listen there, and still cannot after a moment."""
    deadline = time.monotonic() + FREE_WITHIN
    while (failure := _cannot_listen(host, port)) is not None:
        if failure.errno != errno.EADDRINUSE or time.monotonic() > deadline:
            mend = {
                errno.EADDRINUSE: f"Stop what listens there, or set {name} to a free port",
                errno.EACCES: f"Ports below 1024 need root: set {name} to a higher one",
            }.get(failure.errno or 0, "Set HOST to an address of this machine, for example 127.0.0.1")
            reason = failure.strerror or str(failure)
            raise UpError(f"{name}: cannot listen on {host} port {port} ({reason}). {mend}.")
        time.sleep(0.1)


def _cannot_listen(host: str, port: int) -> OSError | None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # As the server does: what is left of closed connections does not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as failure:
        return failure
    return None
