"""Rows of several threads in one statement: to each thread as if it had been alone."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from tickets import db
from tickets.calls import Caller, new_row
from tickets.models import Call, Leader

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[db.Database]:
    url = f"sqlite:///{tmp_path}/desk.db"
    db.upgrade(url)
    database = db.Database(db.connect(url))
    yield database
    database.engine.dispose()


def call(sid: str, **more: Any) -> Callable[[db.Database], bool]:
    row = {**new_row(sid, Caller("+19035550100", "+19035550100"), client=None, now=NOW), "turns": {"0": sid}, **more}
    return lambda database: database.insert_alone(Call, **row)


def at_once(database: db.Database, *inserts: Callable[[db.Database], bool]) -> list[bool | type[BaseException]]:
    """Each in a thread of its own, while another thread writes: all their rows are in the line when it has ended."""
    arrived = threading.Semaphore(0)

    def run(insert: Callable[[db.Database], bool]) -> bool | type[BaseException]:
        arrived.release()
        try:
            return insert(database)
        except Exception as error:
            return type(error)

    with ThreadPoolExecutor(len(inserts)) as threads:
        with database.unit():
            results = [threads.submit(run, insert) for insert in inserts]
            for _ in inserts:
                arrived.acquire()
            sleep(0.05)
        return [result.result() for result in results]


def stored(database: db.Database) -> dict[str, Any]:
    with database.reading() as unit:
        return {one.sid: (one.turns, one.started_at, one.in_voicemail) for one in unit.scalars(select(Call))}


def test_every_row_is_written_once_and_reads_as_it_was(database: db.Database) -> None:
    sids = [f"CA{number}" for number in range(20)]
    assert at_once(database, *(call(sid) for sid in sids)) == [True] * 20
    assert stored(database) == {sid: ({"0": sid}, NOW, False) for sid in sids}


def test_of_twins_one_is_new_and_a_row_of_yesterday_is_none(database: db.Database) -> None:
    assert call("CA0")(database)
    assert not call("CA0", turns=None)(database)
    results = at_once(database, call("CA1"), call("CA0", turns=None), call("CA1"), call("CA2"), call("CA1"))
    assert results[1] is False
    assert results[3] is True
    assert [results[0], results[2], results[4]].count(True) == 1
    assert {sid: turns for sid, (turns, *_) in stored(database).items()} == {
        "CA0": {"0": "CA0"},
        "CA1": {"0": "CA1"},
        "CA2": {"0": "CA2"},
    }


def test_a_row_that_cannot_be_written_fails_its_own_thread_only(database: db.Database) -> None:
    assert at_once(database, call("CA1"), call("CA2", from_raw="\ud800"), call("CA3")) == [
        True,
        UnicodeEncodeError,
        True,
    ]
    assert at_once(database, call("CA4"), call("CA5", choice=object()), call("CA6")) == [True, DBAPIError, True]
    assert at_once(database, call("CA7"), call("CA8", outcome=None), call("CA9"))[::2] == [True, True]
    assert sorted(stored(database)) == ["CA1", "CA3", "CA4", "CA6", "CA7", "CA9"]


def test_rows_of_two_tables_can_be_in_the_line(database: db.Database) -> None:
    def leads(database: db.Database) -> bool:
        return database.insert_alone(Leader, name="clock", holder="me", until=NOW)

    assert sorted(at_once(database, call("CA1"), leads, call("CA2"), leads)) == [False, True, True, True]


def test_a_database_that_fails_fails_every_thread_and_serves_again_later(database: db.Database) -> None:
    rename = "ALTER TABLE {} RENAME TO {}"
    with database.unit() as unit:
        unit.execute(text(rename.format("calls", "gone")))
    assert at_once(database, call("CA1"), call("CA2"), call("CA3")) == [OperationalError] * 3
    with database.unit() as unit:
        unit.execute(text(rename.format("gone", "calls")))
    assert stored(database) == {}
    assert at_once(database, call("CA1"), call("CA2")) == [True, True]


def test_who_got_no_turn_leaves_no_row_behind(database: db.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 10)
    with database.unit(), ThreadPoolExecutor(1) as thread, pytest.raises(SQLAlchemyError):
        thread.submit(call("CA1"), database).result()
    assert call("CA2")(database)
    assert sorted(stored(database)) == ["CA2"]
