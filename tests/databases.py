"""A fresh database for every test: SQLite by default, PostgreSQL when TEST_DATABASE_URL names a server."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tickets import db
from tickets.models import Base

SERVER = os.environ.get("TEST_DATABASE_URL", "")


def _server_url(name: str) -> str:
    return make_url(SERVER).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)


@contextmanager
def made(name: str) -> Iterator[str]:
    """An empty database of this name on the server of TEST_DATABASE_URL, gone afterwards. Gives its address."""
    admin = create_engine(_server_url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield _server_url(name)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


@contextmanager
def template(folder: Path, worker: str) -> Iterator[str]:
    """One migrated database for a whole test process: an SQLite file to copy, or a PostgreSQL database to empty."""
    if not SERVER:
        url = f"sqlite:///{folder / 'template.db'}"
        db.upgrade(url)
        yield url
        return
    with made(f"helpline_test_{worker}_{os.getpid()}") as url:
        db.upgrade(url)
        yield url


def fresh(template_url: str, folder: Path) -> str:
    """The address of an empty, migrated database."""
    if template_url.startswith("sqlite"):
        source = Path(make_url(template_url).database or "")
        shutil.copy(source, folder / "helpline.db")
        return f"sqlite:///{folder / 'helpline.db'}"
    engine = create_engine(template_url)
    with engine.begin() as connection:
        tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        connection.execute(text("INSERT INTO counters (name, value) VALUES ('ticket', 1000)"))
    engine.dispose()
    return template_url
