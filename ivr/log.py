"""Logs: one event per line, as JSON in a pipe and readable on a terminal.

Every line, also those of libraries, passes the filter of `log_filter`: numbers are masked, secrets and words of people
never appear. Use `structlog.get_logger()` with an event of fixed words, and ids as keys:
`log.info("voicemail stored", call=sid, ticket=1042)`.
"""

import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from gunicorn import glogging
from structlog.typing import EventDict, Processor

from ivr.log_filter import clean, register_secrets, scrub

__all__ = ["GunicornLogger", "configure", "debugging", "register_secrets"]

# Libraries whose information level prints parameters, headers or statements: numbers, texts, tokens.
_TALKATIVE = (
    "twilio",
    "twilio.http_client",
    "urllib3",
    "sqlalchemy",
    "botocore",
    "boto3",
    "s3transfer",
    "filelock",
    "numba",
    "alembic",
)
_FIRST = ("timestamp", "level", "role", "logger")


def debugging() -> bool:
    """True when HELPLINE_DEBUG asks for tracebacks and more talk."""
    return os.environ.get("HELPLINE_DEBUG", "") not in {"", "0"}


def configure(role: str, *, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (standard error), marked with the role. May be called again."""
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Role(role),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.PositionalArgumentsFormatter(), _for_stdlib],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # A traceback becomes text here, without local variables, so that the filter sees it.
                structlog.processors.format_exc_info,
                redact,
                *_renderers(stream),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debugging() else logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """The processor that keeps people's numbers and words, and every secret, out of the line."""
    first = {key: event[key] for key in _FIRST if key in event}
    rest = {key: clean(key, value) for key, value in event.items() if key not in {*_FIRST, "event"}}
    return {**first, "event": scrub(str(event.get("event", ""))), **rest}


class GunicornLogger(glogging.Logger):  # type: ignore[misc]
    """Gunicorn's own lines, through this process's log instead of handlers of its own (`logger_class`)."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn once its configuration is known."""
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
            logger.propagate = True


class _Role:
    def __init__(self, role: str) -> None:
        self._role = role

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("role", self._role)
        return event


_for_stdlib = structlog.stdlib.ProcessorFormatter.wrap_for_formatter


def _renderers(stream: TextIO) -> list[Processor]:
    if stream.isatty():
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors="NO_COLOR" not in os.environ, exception_formatter=plain)]
    return [structlog.processors.JSONRenderer(ensure_ascii=False)]
