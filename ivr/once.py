"""What exists once per data folder, however many processes start at the same moment: generated secrets, and locks.

A secret's file is written in full under a name of its own and then linked to its final name: whoever comes second finds the
name taken and reads the winner's file, which is never seen half written. Mode 0600, in a folder of mode 0700.
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


@dataclass(frozen=True)
class SandboxAccount:
    """The account that the sandbox carrier and the application share."""

    account_sid: str
    auth_token: str = field(repr=False)


class InUse(Exception):
    """Another process holds the lock; the text is its id, or empty."""


def data_folder(path: Path) -> Path:
    """Make the data folder if it is missing, readable by its owner only. Raises OSError."""
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    return path


def secret_key(data: Path) -> str:
    """The key of sessions and links, 64 hex digits, kept in `secret_key`. Raises OSError, or ValueError when empty."""
    path = data / "secret_key"
    key = _made_once(path, lambda: secrets.token_hex(32)).strip()
    if not key:
        raise ValueError(f"{path} is empty. Delete it and a new key is made (open sessions end)")
    return key


def sandbox_account(data: Path) -> SandboxAccount:
    """The sandbox carrier's account, kept in `sandbox.json`. Raises OSError, or ValueError when the file is broken."""
    path = data / "sandbox.json"
    text = _made_once(path, _new_account)
    try:
        stored = json.loads(text)
        account = SandboxAccount(stored["account_sid"], stored["auth_token"])
    except (ValueError, KeyError, TypeError):
        account = SandboxAccount("", "")
    if not (isinstance(account.account_sid, str) and isinstance(account.auth_token, str)) or not account.auth_token:
        raise ValueError(f"{path} is broken. Delete it and a new sandbox account is made")
    return account


@contextmanager
def held_alone(lock: Path, *, within: float = 0.0) -> Iterator[None]:
    """Hold a lock file, which names the holder's process, until the end of the block or of this process.

    Waits up to `within` seconds for a holder that is just ending. Raises InUse.
    """
    deadline = time.monotonic() + within
    with lock.open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= deadline:
                    file.seek(0)
                    raise InUse(file.read(20).strip()) from None
                time.sleep(0.1)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _new_account() -> str:
    return json.dumps({"account_sid": f"AC{secrets.token_hex(16)}", "auth_token": secrets.token_hex(16)}) + "\n"


def _made_once(path: Path, make: Callable[[], str]) -> str:
    """The content of `path`, made by the first process that asks."""
    with suppress(FileNotFoundError):
        return _read_private(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return _read_private(path)


def _read_private(path: Path) -> str:
    """Read a secret; a file that others could read is closed to them first."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.stat().st_mode & 0o077:
        path.chmod(PRIVATE_FILE)
    return text
