"""What is switched on for the account at the carrier: keywords, how a blocked number is refused, how fast texts leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from ivr.sandbox.config import SandboxConfig, SandboxError, Tempo
from ivr.sandbox.store import Store, account_settings


class KeywordHandling(StrEnum):
    """Who answers STOP, START and HELP.

    `advanced` is the Advanced Opt-Out of a messaging service: the carrier answers, and tells the application so by
    `OptOutType`.
    """

    OFF = "off"
    CARRIER = "carrier"
    ADVANCED = "advanced"


class BlockedTexts(StrEnum):
    """When a text to a number that opted out is refused: by the API, or by a status callback of a text it took."""

    AT_ONCE = "at-once"
    LATER = "later"


@dataclass(frozen=True)
class Account:
    """How the carrier treats every text of the account.

    `blocked_texts` None is what the vendor documents: later with Advanced Opt-Out, else at once. `segments_per_second`
    is how fast the number sends (of the carrier's time; a real long code: 1), None: as fast as texts come.
    `queue_limit` is how many segments may wait to be sent before the carrier refuses another text, None: any number.
    `speed` is how many times faster than life everything at the carrier goes, None: as the sandbox was started.
    """

    keywords: KeywordHandling = KeywordHandling.CARRIER
    blocked_texts: BlockedTexts | None = None
    segments_per_second: float | None = None
    queue_limit: int | None = None
    speed: float | None = None

    @property
    def refuses_later(self) -> bool:
        """Whether a text to a number that opted out is taken first and fails afterwards."""
        if self.blocked_texts is None:
            return self.keywords is KeywordHandling.ADVANCED
        return self.blocked_texts is BlockedTexts.LATER


def _above_zero(kind: Callable[[float], float], *, what: str) -> Callable[[str, Any], float]:
    def read(name: str, value: Any) -> float:
        good = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1_000_000_000
        if not good or kind(value) != value:
            raise SandboxError(f"Account setting '{name}' is {what} above 0 or null, not '{value}'.")
        return kind(value)

    return read


def _one_of(kind: type[StrEnum]) -> Callable[[str, Any], StrEnum]:
    def read(name: str, value: Any) -> StrEnum:
        allowed = [str(member) for member in kind]
        if value not in allowed:
            raise SandboxError(f"Account setting '{name}' is one of {', '.join(allowed)}, not '{value}'.")
        return kind(value)

    return read


_READ: Mapping[str, Callable[[str, Any], Any]] = {
    "keywords": _one_of(KeywordHandling),
    "blocked_texts": _one_of(BlockedTexts),
    "segments_per_second": _above_zero(float, what="a number"),
    "queue_limit": _above_zero(int, what="a whole number"),
    "speed": _above_zero(float, what="a number"),
}


def parse(data: Mapping[str, Any], *, usual: KeywordHandling) -> Account:
    """An Account from JSON; what is not there, or null, is as usual. Raises SandboxError that says what is allowed."""
    values: dict[str, Any] = {"keywords": usual}
    for name, value in data.items():
        if name not in _READ:
            known = ", ".join(sorted(field.name for field in fields(Account)))
            raise SandboxError(f"The account has no setting '{name}'. Settings: {known}.")
        if value is not None:
            values[name] = _READ[name](name, value)
    return Account(**values)


class Accounts:
    """The stored settings of the one account; without any, those of the configuration."""

    def __init__(self, config: SandboxConfig, store: Store) -> None:
        self._store, self._usual_speed = store, config.speed
        self._usual = KeywordHandling.CARRIER if config.keywords else KeywordHandling.OFF
        # Everything that waits holds this one, so a new speed reaches it.
        self.tempo = Tempo(self.get().speed or config.speed)

    def get(self) -> Account:
        """The settings as they are now."""
        rows = self._store.rows(sa.select(account_settings))
        return parse({row["name"]: row["value"] for row in rows}, usual=self._usual)

    def put(self, data: Mapping[str, Any]) -> Account:
        """Replace the settings; `{}` is back to the configuration. Raises SandboxError and changes nothing."""
        account = parse(data, usual=self._usual)
        given = {name: value for name, value in asdict(account).items() if data.get(name) is not None}
        self._store.write(
            account_settings.delete(),
            *[account_settings.insert().values(name=name, value=value) for name, value in given.items()],
        )
        self.tempo.speed = account.speed or self._usual_speed
        return account
