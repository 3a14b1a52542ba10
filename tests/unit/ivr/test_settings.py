"""Settings: what an operator may write, and what they are told when it is wrong."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ivr import settings_rules as rules
from ivr.settings import Settings, SettingsError, load_settings, setting_names, unknown_names

ROOT = Path(__file__).parents[3]
ACCOUNT = {"TWILIO_ACCOUNT_SID": "ACdesk", "TWILIO_AUTH_TOKEN": "first-token"}


def load(data: Path, **env: str) -> Settings:
    return load_settings({"HELPLINE_DATA": str(data), **env}, dotenv=None)


def complaint(data: Path, **env: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(data, **env)
    return str(caught.value)


def test_with_nothing_set_helpline_runs_on_embedded_parts_and_the_sandbox(tmp_path: Path) -> None:
    settings = load(tmp_path)

    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.database_url == f"sqlite:///{tmp_path}/helpline.db"
    assert settings.blob_url == f"file://{tmp_path}/blobs"
    assert settings.broker_url == f"unix://{tmp_path}/broker.sock"
    assert settings.flows_dir == Path.cwd() / "flows"
    assert settings.twilio_number == "+19036892004"
    assert (settings.sms_keywords, settings.whisper_engine, settings.whisper_model, settings.whisper_device) == (
        "carrier",
        "openai-whisper",
        "base",
        "auto",
    )
    assert settings.helpline_api_token is None
    assert settings.sandbox
    assert settings.twilio_api_url == "http://127.0.0.1:8001"
    assert re.fullmatch("AC[0-9a-f]{32}", settings.account_sid)
    assert settings.accepted_tokens == (settings.auth_token,)


def test_with_an_account_the_carrier_is_the_real_one(tmp_path: Path) -> None:
    settings = load(tmp_path, **ACCOUNT, TWILIO_AUTH_TOKEN_SECONDARY="next-token")

    assert not settings.sandbox
    assert settings.twilio_api_url == "https://api.twilio.com"
    assert settings.account_sid == "ACdesk"
    assert settings.accepted_tokens == ("first-token", "next-token")
    assert not (tmp_path / "sandbox.json").exists()


def test_every_wrong_setting_is_named_in_one_message(tmp_path: Path) -> None:
    wrong = {
        "PORT": "80a",
        "HOST": "web:80",
        "PUBLIC_URL": "help.example.com",
        "DATABASE_URL": "mysql://desk@db/desk",
        "REDIS_URL": "localhost:6379",
        "BLOB_URL": "file://blobs",
        "TWILIO_NUMBER": "903-689-2004",
        "SMS_KEYWORDS": "me",
        "WHISPER_ENGINE": "whisper",
        "WHISPER_DEVICE": "gpu",
        "TWILIO_ACCOUNT_SID": "ACdesk",
    }

    assert complaint(tmp_path, **wrong).splitlines() == [
        "11 settings are wrong (environment or .env):",
        '  HOST: "web:80" is not a host name or address. Example: 127.0.0.1, or 0.0.0.0 for every interface',
        '  PORT: "80a" is not a port. Allowed: a whole number from 1 to 65535, for example 8000',
        "  PUBLIC_URL: is not a web address. Allowed: https://host, with a port and a path if needed, "
        "for example https://help.example.com",
        '  DATABASE_URL: names "mysql", which is not supported. Allowed: sqlite:////folder/helpline.db or '
        "postgresql://user:password@host/name",
        "  REDIS_URL: is not a Redis URL. Allowed: redis://host:6379/0, rediss://host:6380/0 or "
        "unix:///path/to/socket; unset: embedded broker",
        "  BLOB_URL: is not a place for recordings. Allowed: file:///absolute/folder or s3://bucket/prefix",
        '  TWILIO_NUMBER: "903-689-2004" is not a telephone number with country code. Example: +19036892004',
        '  SMS_KEYWORDS: "me" is not known. Allowed: carrier, helpline',
        '  WHISPER_ENGINE: "whisper" is not known. Allowed: openai-whisper, faster-whisper',
        '  WHISPER_DEVICE: "gpu" is not known. Allowed: auto, cpu, cuda',
        "  TWILIO_AUTH_TOKEN: missing, while TWILIO_ACCOUNT_SID is set. Set both, or unset both to use the sandbox carrier",
    ]


def test_a_token_without_its_account_is_half_an_account(tmp_path: Path) -> None:
    assert "TWILIO_ACCOUNT_SID: missing, while TWILIO_AUTH_TOKEN is set." in complaint(
        tmp_path, TWILIO_AUTH_TOKEN="t0ken"
    )


def test_no_secret_is_ever_printed(tmp_path: Path) -> None:
    secrets = {
        "TWILIO_ACCOUNT_SID": "ACdesk",
        "TWILIO_AUTH_TOKEN": "hush-token",
        "TWILIO_AUTH_TOKEN_SECONDARY": "hush-second",
        "HELPLINE_API_TOKEN": "hush-api",
        "SECRET_KEY": "hush-key",
        "DATABASE_URL": "postgresql://desk:hush-database@db/desk",
        "REDIS_URL": "redis://:hush-redis@cache/0",
        "HELPLINE_HEARTBEAT_URL": "https://monitor.example.com/hush-ping",
    }

    settings = load(tmp_path, **secrets)

    for printed in (
        repr(settings),
        str(settings),
        settings.model_dump_json(exclude={"database_url", "redis_url", "helpline_heartbeat_url"}),
    ):
        assert "hush" not in printed
    assert set(settings.secret_values) == {
        *("hush-token", "hush-second", "hush-api", "hush-key"),
        "https://monitor.example.com/hush-ping",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWILIO_AUTH_TOKEN", "hush hush"),
        ("HELPLINE_API_TOKEN", "hush\thush"),
        ("SECRET_KEY", "hush\x07hush"),
        ("DATABASE_URL", "mysql://desk:hush@db/desk"),
        ("DATABASE_URL", "hush"),
        ("REDIS_URL", "http://:hush@cache/0"),
        ("PUBLIC_URL", "https://desk:hush@help.example.com"),
        ("TWILIO_API_URL", "https://desk:hush@api.example.com"),
        ("BLOB_URL", "s3://key:hush@bucket/prefix"),
        ("HELPLINE_HEARTBEAT_URL", "ftp://monitor.example.com/hush"),
        ("HELPLINE_HEARTBEAT_URL", "https://desk:hush@monitor.example.com/ping"),
        ("HELPLINE_HEARTBEAT_URL", "https://monitor.example.com/ping#hush"),
    ],
)
def test_a_wrong_secret_is_named_but_not_shown(tmp_path: Path, name: str, value: str) -> None:
    message = complaint(tmp_path, **{name: value})

    assert f"  {name}: " in message
    assert "hush" not in message


@given(token=st.text())
def test_a_refused_token_is_described_without_showing_it(token: str) -> None:
    assume(not token.strip().isalnum())
    try:
        kept = rules.secret(token).get_secret_value()
    except ValueError as error:
        kept = str(error)

    assert kept in {
        token.strip(),
        "has blanks or unprintable characters inside. Copy it again (the value is not shown here)",
    }


def test_the_environment_wins_over_the_file_and_empty_means_unset(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("PORT=9000\nHOST=0.0.0.0\nSECRET_KEY='with ${PORT}'\nWHISPER_MODEL=small\nTWILIO_NUMBER=\n")
    env = {"HELPLINE_DATA": str(tmp_path), "HOST": "127.0.0.1", "WHISPER_MODEL": "", "SECRET_KEY": "s-${PORT}"}

    settings = load_settings(env, dotenv=dotenv)

    assert (settings.port, settings.host, settings.whisper_model) == (9000, "127.0.0.1", "base")
    assert settings.twilio_number == "+19036892004"
    assert settings.secret_key.get_secret_value() == "s-${PORT}"


def test_a_misspelt_name_in_the_file_is_found(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("TWILIO_AUTHTOKEN=x\nEDITOR=vi\nPORT=8000\n")

    assert unknown_names(dotenv) == {"TWILIO_AUTHTOKEN": "TWILIO_AUTH_TOKEN"}


@pytest.mark.parametrize(
    ("given_url", "kept"),
    [
        ("https://help.example.com/", "https://help.example.com"),
        ("https://help.example.com:8443/desk/", "https://help.example.com:8443/desk"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_public_address_may_have_a_path_and_has_no_slash_at_the_end(
    tmp_path: Path, given_url: str, kept: str
) -> None:
    assert load(tmp_path, PUBLIC_URL=given_url).public_url == kept


@pytest.mark.parametrize("url", ["https://h/?", "https://h/#top", "https://h?x=1", "ftp://h", "https://", "http://h:0"])
def test_addresses_that_no_signature_could_match_are_refused(tmp_path: Path, url: str) -> None:
    assert "PUBLIC_URL: " in complaint(tmp_path, PUBLIC_URL=url)


@pytest.mark.parametrize(
    ("given_url", "kept"),
    [
        ("postgresql://desk:p%40ss@db/desk", "postgresql+psycopg://desk:p%40ss@db/desk"),
        ("postgres://db/desk", "postgresql+psycopg://db/desk"),
        ("sqlite:////srv/desk.db", "sqlite:////srv/desk.db"),
    ],
)
def test_both_databases_get_the_installed_driver(tmp_path: Path, given_url: str, kept: str) -> None:
    assert load(tmp_path, DATABASE_URL=given_url).database_url == kept


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "postgresql+psycopg2://db/desk", "oracle://db"])
def test_databases_that_roles_cannot_share_or_drive_are_refused(tmp_path: Path, url: str) -> None:
    assert "DATABASE_URL: " in complaint(tmp_path, DATABASE_URL=url)


def test_ports_do_not_collide(tmp_path: Path) -> None:
    assert load(tmp_path, PORT="65535").sandbox_port == 65534
    assert "SANDBOX_PORT: 8000 is taken by PORT" in complaint(tmp_path, SANDBOX_PORT="8000")


def test_a_number_is_kept_as_the_carrier_writes_it(tmp_path: Path) -> None:
    assert load(tmp_path, TWILIO_NUMBER="+1 903-689-2004").twilio_number == "+19036892004"


def test_relative_folders_count_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load_settings({"HELPLINE_DATA": "desk", "FLOWS_DIR": "rules"}, dotenv=None)

    assert (settings.data, settings.flows_dir) == (tmp_path / "desk", tmp_path / "rules")
    assert stat.S_IMODE(settings.data.stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_made_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert complaint(tmp_path / "file" / "var") == (
        "1 setting is wrong (environment or .env):\n"
        f"  HELPLINE_DATA: {tmp_path}/file/var cannot be used (Not a directory). Name a folder this user may write to"
    )


def test_a_long_path_moves_the_socket_to_a_short_private_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("very-long-name-" * 8)

    socket = load(deep).broker_socket

    assert re.fullmatch(rf"/tmp/helpline-{os.getuid()}-[0-9a-f]{{16}}/broker\.sock", str(socket))
    assert load(deep).broker_socket == socket
    assert load(tmp_path).broker_socket == tmp_path / "broker.sock"


def test_generated_secrets_stay_the_same_and_private(tmp_path: Path) -> None:
    first, second = load(tmp_path), load(tmp_path)

    assert first.secret_key == second.secret_key
    assert first.accepted_tokens == second.accepted_tokens
    assert len(first.secret_key.get_secret_value()) == 64
    for name in ("secret_key", "sandbox.json"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    (tmp_path / "secret_key").chmod(0o644)
    load(tmp_path)
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_a_damaged_generated_file_says_what_to_delete(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("\n")
    assert f"{tmp_path}/secret_key is empty. Delete it and a new key is made" in complaint(tmp_path)

    (tmp_path / "secret_key").unlink()
    (tmp_path / "sandbox.json").write_text('{"account_sid": 5}')
    assert f"{tmp_path}/sandbox.json is broken. Delete it and a new sandbox account is made" in complaint(tmp_path)


def test_processes_that_start_together_agree_on_one_secret(tmp_path: Path) -> None:
    data = tmp_path / "var"
    program = (
        "import sys; from ivr.settings import load_settings; print('here', flush=True); sys.stdin.readline();"
        f"s = load_settings({{'HELPLINE_DATA': {str(data)!r}}}, dotenv=None);"
        "print(s.secret_key.get_secret_value(), s.account_sid, s.auth_token)"
    )
    pipe = subprocess.PIPE
    starters = [
        subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        for _ in range(4)
    ]
    for process in starters:
        assert process.stdout is not None
        process.stdout.readline()

    for process in starters:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = {process.communicate(timeout=30)[0] for process in starters}

    assert len(answers) == 1
    assert len(answers.pop().split()) == 3
    assert sorted(path.name for path in data.iterdir()) == ["sandbox.json", "secret_key"]


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    table = manual.split("## Settings")[1].split("\n## ")[0]

    assert sorted(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)) == sorted(setting_names())


def test_the_example_file_names_every_setting() -> None:
    example = (ROOT / ".env.example").read_text()

    assert sorted(re.findall(r"^# ([A-Z_]+)=", example, re.MULTILINE)) == sorted(setting_names())
