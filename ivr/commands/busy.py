"""Progress of what may take longer than two seconds."""

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status


def busy(words: str) -> "AbstractContextManager[Status | None]":
    """Show on a terminal that the command works, on standard error, until the block ends; in a pipe nothing, and None."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(words)
