"""Everything the sandbox carrier needs to be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class SandboxError(Exception):
    """The sandbox cannot go on; the text says what, where and how to mend it."""


@dataclass
class Tempo:
    """How many times faster than life the carrier and the people at its phones are.

    Whoever waits asks anew, so a change counts from the next wait on; a wait that has begun ends when it would have.
    """

    speed: float

    def real(self, seconds: float) -> float:
        """Seconds of a clock on the wall for `seconds` of the carrier's time."""
        return seconds / self.speed


@dataclass(frozen=True)
class SandboxConfig:
    """One account with one number on one carrier.

    `public_url` is the base URL of the application as a real carrier would see it: the number's voice, text and
    status webhooks go below it. `data` is a folder for `sandbox.db` and the media; it is created. With `keywords` the
    carrier answers STOP, START and HELP itself, as real ones do on long codes. `speed` divides every wait the carrier
    or a caller makes (20 means twenty times faster than life) until the account is given another one; time limits of
    webhooks and delays that a test asks for in seconds stay as they are.
    """

    host: str
    port: int
    account_sid: str
    auth_token: str
    number: str
    public_url: str
    data: Path
    keywords: bool = True
    speed: float = 1.0
