"""Fixtures: a fresh database, and a whole desk on it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from tests import databases
from tests.ringing_story import RingingStory
from tests.world import World

# Times are never asserted. On CI the examples are the same every time: a change is not refused for an old bug that chance
# has found just then; people who run the tests keep looking for new ones.
settings.register_profile("people", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "people")


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks for a database is marked so: only that is worth a second run on another database."""
    for item in items:
        if "database_template" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.database)


@pytest.fixture(autouse=True)
def _plain_log() -> None:
    """Log lines for people, with plain tracebacks: structlog's own defaults draw every local variable, for seconds each."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, renderer])


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database, made once for this test process."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with databases.template(tmp_path_factory.mktemp("template"), worker) as url:
        yield url


@pytest.fixture
def database_url(database_template: str, tmp_path: Path) -> str:
    """The address of an empty, migrated database."""
    return databases.fresh(database_template, tmp_path)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A whole desk."""
    made = World(database_url, tmp_path)
    yield made
    made.close()


@pytest.fixture
def ringing(database_url: str, tmp_path: Path) -> Iterator[RingingStory]:
    """A caller and the team's phones at a whole desk that rings them, as the shipped flow says."""
    made = World(database_url, tmp_path, rings=True)
    yield RingingStory(made)
    made.close()
