"""The command line: what is offered, and how errors reach a person."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
import structlog

from ivr.cli import run
from ivr.commands.failures import report
from ivr.settings import load_settings
from ivr.wiring import assemble
from tests.fake_pictures import named
from tests.world import CLIENT, World
from tickets import db

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _a_desk_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith(("TWILIO_", "HELPLINE_", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "BLOB_URL")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLOWS_DIR", str(ROOT / "flows"))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


Captured = pytest.CaptureFixture[str]


def test_help_lists_the_commands_by_use(capsys: Captured) -> None:
    assert run(["--help"]) == 0

    shown = capsys.readouterr().out
    table = [line.strip() for line in shown.split("Run:\n")[1].splitlines() if line.strip()]
    names = [line.split("  ")[0] for line in table if not line.endswith(":")]
    assert names == [
        *["up", "db upgrade", "phone", "tickets", "oncall", "consent", "transcribe"],
        *[
            "doctor",
            "flow check",
            "flow try",
            "flow test",
            "flow show",
            "flow diff",
            "flow history",
            "flow rollback",
            "drill",
        ],
        *["web", "worker", "transcriber", "clock", "broker", "sandbox"],
    ]
    assert [line for line in table if line.endswith(":")] == [
        "Look:",
        "Check:",
        "Roles (the lines of Procfile; `up` runs all of them):",
    ]


def test_every_role_of_the_procfile_is_a_command(capsys: Captured) -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()

    assert lines == [
        f"{name}: helpline {name}" for name in ("web", "worker", "transcriber", "clock", "broker", "sandbox")
    ]
    for text in lines:
        assert run([text.split()[-1], "--help"]) == 0
    assert "Answer webhooks, probes and the JSON API." in capsys.readouterr().out


def test_wrong_settings_are_one_message_and_exit_code_2(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "hush")

    for command in (["web"], ["up"], ["tickets"], ["transcribe", "a.wav"], ["flow", "check"], ["db", "upgrade"]):
        assert run(command) == 2
        assert capsys.readouterr() == (
            "",
            "Error: 2 settings are wrong (environment or .env):\n"
            '  PORT: "eighty" is not a port. Allowed: a whole number from 1 to 65535, for example 8000\n'
            "  TWILIO_ACCOUNT_SID: missing, while TWILIO_AUTH_TOKEN is set. "
            "Set both, or unset both to use the sandbox carrier\n",
        )


@pytest.mark.parametrize("role", ["web", "worker", "transcriber", "clock", "tickets"])
def test_a_database_of_another_version_is_refused(role: str, capsys: Captured, tmp_path: Path) -> None:
    assert run([role]) == 2
    assert capsys.readouterr().err == "Error: the database has no tables yet. Run: helpline db upgrade\n"

    assert run(["db", "upgrade"]) == 0
    assert capsys.readouterr().out == f"The database has schema {db.head()}.\n"
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/var/helpline.db")
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    assert run([role]) == 2
    assert "Error: the database was made by a newer helpline." in capsys.readouterr().err


def test_a_database_that_does_not_answer_is_one_line(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://desk:hush@127.0.0.1:1/desk")

    assert run(["web"]) == 2
    refused = capsys.readouterr().err
    assert run(["db", "upgrade"]) == 1
    failed = capsys.readouterr().err

    assert refused.startswith("Error: the database of DATABASE_URL does not answer: ")
    assert failed.startswith("Error: the database of DATABASE_URL does not do its work: ")
    assert len(refused.splitlines()) == len(failed.splitlines()) == 1
    assert "hush" not in refused + failed


def test_broken_flow_files_fail_the_check_and_stop_no_role(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "helpdesk.yml").write_text((ROOT / "flows" / "helpdesk.yml").read_text())
    (flows / "oncall.yml").write_text("team:\n  - name: Sam\n    number: 12\n")
    monkeypatch.setenv("FLOWS_DIR", str(flows))
    place = f"{flows}/oncall.yml:3:13: "

    assert run(["flow", "check"]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith(place)
    assert shown.err == f"{flows}: 1 problem\n"

    assert run(["flow", "check", str(flows), "--json"]) == 1
    (problem,) = json.loads(capsys.readouterr().out)
    assert (problem["file"], problem["line"], problem["column"]) == (f"{flows}/oncall.yml", 3, 13)

    assert run(["db", "upgrade"]) == 0
    capsys.readouterr()
    desk = assemble(load_settings())
    desk.database.engine.dispose()
    assert ([person.name for person in desk.rules.team], desk.flows.helpdesk.calls.start) == ([], "greeting")
    assert "no flow files can be used: the built-in voicemail answers" in capsys.readouterr().err


def test_the_ledger_of_a_number_is_shown_and_the_team_can_enter_a_wish(capsys: Captured) -> None:
    run(["db", "upgrade"])
    capsys.readouterr()
    assert run(["consent", "903-555-0147"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "+19035550147  may be texted",
        "Nothing in the ledger: this number never texted.",
    ]
    assert run(["consent", "+19035550147", "--opt-out"]) == 2
    assert 'an entry needs --reason "how you know" and --by "who enters it"' in capsys.readouterr().err
    entry = ["--reason", "asked on the phone", "--by", "Sam"]
    assert run(["consent", "+19035550147", "--opt-out", *entry]) == 0
    assert "no texts: opted out by the team (Sam: asked on the phone)" in capsys.readouterr().out
    assert run(["consent", "+19035550147", "--opt-in", *entry, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["may_text"], [event["kind"] for event in shown["events"]]) == (True, ["opt-out", "opt-in"])
    assert run(["consent", "soon"]) == 2
    assert "'soon' is not a phone number. Write it like +19035550147" in capsys.readouterr().err


def test_the_shipped_flow_files_are_clean(capsys: Captured) -> None:
    assert run(["flow", "check"]) == 0
    assert capsys.readouterr() == ("", f"{ROOT}/flows: no problems\n")


def test_tickets_of_a_new_desk(capsys: Captured) -> None:
    run(["db", "upgrade"])
    capsys.readouterr()

    assert run(["tickets", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"tickets": []}
    assert run(["tickets", "1042"]) == 1
    assert capsys.readouterr().err == "Ticket 1042 does not exist. `helpline tickets` lists them.\n"


def test_what_looks_like_markup_is_shown_as_it_came(tmp_path: Path, capsys: Captured) -> None:
    run(["db", "upgrade"])
    world = World("sqlite:///var/helpline.db", tmp_path)
    world.text("[/x]", "[bold]hello[/bold]")
    world.close()
    capsys.readouterr()
    assert run(["tickets"]) == 0
    shown = capsys.readouterr().out
    assert "[/x]" in shown
    assert "[bold]hello[/bold]" in "".join(shown.split())


def test_pictures_are_listed_with_their_text(tmp_path: Path, capsys: Captured) -> None:
    run(["db", "upgrade"])
    world = World("sqlite:///var/helpline.db", tmp_path)
    world.carrier.pictures["MM1", "ME1"] = ("image/png", b"<html>[bold]")
    world.text(CLIENT, "Look at this", sid="MM1", **named(("ME1", "image/png"), ("ME2", "image/jpeg")))
    world.work()
    world.close()
    capsys.readouterr()
    assert run(["tickets", "1001"]) == 0
    shown = capsys.readouterr().out
    assert "client: Look at this\n" in shown
    assert (
        "        picture 1: text/html, 12 bytes, /api/v1/media/1 (announced as image/png, but it is text/html)\n"
        "        picture 2: image/jpeg, pending\n"
    ) in shown


def test_the_telephone_is_for_the_sandbox_only(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["phone", "--from", "555"]) == 2
    assert capsys.readouterr().err == (
        'Error: --from: "555" is not a telephone number with country code. Example: +19036892004\n'
    )
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "ACdesk")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "t0ken")

    assert run(["phone", "--demo"]) == 2
    assert "calls the sandbox carrier only, and TWILIO_ACCOUNT_SID is set" in capsys.readouterr().err


def test_audio_that_is_not_there_is_named_before_whisper_loads(capsys: Captured) -> None:
    assert run(["transcribe", "a.wav", "b.wav"]) == 2
    assert capsys.readouterr().err == "Error: no such file: a.wav, b.wav\n"


def test_unknown_words_point_to_the_help(capsys: Captured) -> None:
    assert run(["tickts"]) == 2
    assert "Try 'helpline --help' for help." in capsys.readouterr().err


def test_an_unexpected_error_is_one_line_unless_asked_for_more(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = KeyError("+19035550147")

    assert report(error) == 1
    assert capsys.readouterr().err == (
        "Error: unexpected KeyError: '…0147'. With HELPLINE_DEBUG=1 set, this shows where.\n"
    )
    monkeypatch.setenv("HELPLINE_DEBUG", "1")
    assert report(error) == 1
    assert capsys.readouterr().err == "Error: unexpected\nKeyError: '…0147'\n\n"


def test_an_interrupt_is_no_failure_of_the_program(capsys: Captured) -> None:
    assert report(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_the_doctor_answers_programs_too(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whatever listens on the default ports of this machine is not ours; no weights are converted here.
    monkeypatch.setenv("SANDBOX_PORT", "1")
    monkeypatch.setenv("WHISPER_MODEL", "no-such-model")

    assert run(["doctor", "--json"]) == 1

    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert {entry["check"]: entry["outcome"] for entry in answer["checks"]} == {
        "settings": "ok",
        "data folder": "ok",
        "database": "failed",
        "queue": "failed",
        "storage": "ok",
        "weights": "failed",
        "flow files": "ok",
        "flow version": "failed",
        "staff": "ok",
        "opt-outs": "failed",
        "next shift": "failed",
        "watcher": "failed",
        "public address": "ok",
        "carrier": "failed",
    }


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    program = [sys.executable, "-m", "ivr", "--help"]
    process = subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()

    _, told = process.communicate(timeout=30)

    assert (process.returncode, told) == (0, b"")
