"""Logs: what an operator reads, and what nobody may read there."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ivr import log
from ivr.log_filter import clean, mask_number, scrub


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    structlog.contextvars.clear_contextvars()  # what the last work or webhook of another test was about
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def lines() -> io.StringIO:
    stream = io.StringIO()
    log.configure("worker", stream=stream)
    return stream


def last(stream: io.StringIO) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return found


def test_a_line_is_one_json_object_with_ids_and_the_role(lines: io.StringIO) -> None:
    structlog.get_logger("desk").info("voicemail stored", call="CA1", ticket=1042, seconds=21.5)

    line = last(lines)

    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() == UTC.utcoffset(None)
    assert line == {
        "level": "info",
        "role": "worker",
        "logger": "desk",
        "event": "voicemail stored",
        "call": "CA1",
        "ticket": 1042,
        "seconds": 21.5,
    }


def test_numbers_words_and_secrets_stay_out(lines: io.StringIO) -> None:
    log.register_secrets(["ab", "s3cret-token"])

    structlog.get_logger().warning(
        "text from +19035550147 not sent with s3cret-token",
        to="9036892004",
        body="my password is swordfish",
        transcript={"text": "call me back"},
        auth_token="x",
        url="postgresql://desk:swordfish@db/desk",
        nested={"numbers": ["+19035550148"], "subject": "printer on fire", "count": 2},
    )

    assert {
        key: value for key, value in last(lines).items() if key not in {"timestamp", "level", "role", "logger"}
    } == {
        "event": "text from …0147 not sent with [redacted]",
        "to": "…2004",
        "body": "[redacted]",
        "transcript": "[redacted]",
        "auth_token": "[redacted]",
        "url": "postgresql://desk:[redacted]@db/desk",
        "nested": {"numbers": ["…0148"], "subject": "[redacted]", "count": 2},
    }


def test_libraries_go_the_same_way_and_the_talkative_are_hushed(lines: io.StringIO) -> None:
    logging.getLogger("twilio.http_client").info("Body=my password is swordfish")
    logging.getLogger("sqlalchemy.engine").info("INSERT ... ('+19035550147')")
    assert lines.getvalue() == ""

    logging.getLogger("rq.worker").info("job for %s done", "+19035550147")
    assert last(lines)["event"] == "job for …0147 done"


def test_a_traceback_is_part_of_its_line_and_filtered_too(lines: io.StringIO) -> None:
    words = "my password is swordfish"
    statement = f"INSERT failed for +19035550147\n[SQL: INSERT ...]\n[parameters: ('{words}',)]\n(more)"
    try:
        raise ValueError(statement)
    except ValueError:
        structlog.get_logger().exception("cannot store")

    told = last(lines)["exception"]

    assert told.startswith("Traceback (most recent call last):\n")
    assert told.endswith("ValueError: INSERT failed for …0147\n[SQL: INSERT ...]\n[parameters hidden]\n(more)")


def test_on_a_terminal_people_can_read_it() -> None:
    terminal = Terminal()
    log.configure("web", stream=terminal)

    structlog.get_logger().info("call from +19035550147", call="CA1")

    assert "call from …0147" in terminal.getvalue()
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(terminal.getvalue())


@dataclass(frozen=True)
class Page:
    number: str
    body: str
    ticket: int


def test_objects_show_their_fields_filtered_or_only_their_type() -> None:
    class Opaque:
        def __repr__(self) -> str:
            return "my password is swordfish"

    assert clean("page", Page("+19035550147", "words", 1042)) == {
        "number": "…0147",
        "body": "[redacted]",
        "ticket": 1042,
    }
    assert clean("thing", Opaque()) == "<Opaque>"
    assert clean("raw", b"words") == "<5 bytes>"
    assert clean("number", 1042) == 1042
    assert clean("at", datetime(2026, 11, 23, 14, 5, tzinfo=UTC)) == "2026-11-23 14:05:00+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T14:05:11Z",
        "2026-11-23 14:05:11.123456+00:00",
        "CA12345678901234567890123456789012",
        "ticket 1042, 21.5 s, 1795454449 and 1795454449123",
        "b3877c40-1234-5678-9012-123456789abc",
        "http://127.0.0.1:8000/readyz",
        "0.123456789012 s",
    ],
)
def test_ids_times_and_addresses_are_left_alone(text: str) -> None:
    assert scrub(text) == text


area = st.from_regex(r"[2-9][0-9]{2}", fullmatch=True)
local = st.tuples(area, area, st.from_regex(r"[0-9]{4}", fullmatch=True))
shapes = st.sampled_from(
    [
        "+1{}{}{}",
        "{}{}{}",
        "1{}{}{}",
        "{}-{}-{}",
        "({}) {}-{}",
        "{}.{}.{}",
        "+1 {} {} {}",
        "+1 ({}) {}-{}",
        "%2B1{}{}{}",
        "1-{}-{}-{}",
    ]
)
around = st.text(alphabet=st.characters(categories=["Zs", "Po", "Ps", "Sm"], exclude_characters=".+"), max_size=8)


@given(number=local, shape=shapes, before=around, after=around)
def test_a_number_in_any_usual_shape_is_masked_wherever_it_stands(
    number: tuple[str, str, str], shape: str, before: str, after: str
) -> None:
    shown = scrub(f"{before}{shape.format(*number)}{after}")

    assert f"…{number[2]}" in shown
    assert "".join(number)[:6] not in "".join(character for character in shown if character.isdigit())


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_a_masked_number_keeps_at_most_four_digits(number: str) -> None:
    masked = mask_number(number)

    assert len(masked) <= 5
    assert number.endswith(masked.removeprefix("…"))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(key=st.text(max_size=10), value=values)
def test_whatever_is_logged_stays_a_json_line(key: str, value: object) -> None:
    json.dumps({key: clean(key, value)})


@given(secret=st.text(alphabet="abcdefghijklmnop", min_size=12, max_size=20), value=values)
def test_a_registered_secret_never_comes_through(secret: str, value: object) -> None:
    log.register_secrets([secret])

    shown = json.dumps(
        clean("detail", {"a": [f"x{secret}y", value], secret: 1, "e": ValueError(secret)}), ensure_ascii=False
    )

    assert secret not in shown
