"""Fixtures for smoke tests: real processes are slow to start, so one desk serves a whole file."""

import sys
from collections.abc import Iterator

import pytest

from tests.smoke.desk import PATIENT, Desk, flows_with, running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Smoke tests read /proc to find and count processes."""
    if not sys.platform.startswith("linux"):
        for item in items:
            if "smoke" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="smoke tests count processes in /proc: Linux only"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk that runs for all tests of a file."""
    folder = tmp_path_factory.mktemp("desk")
    with running(folder, FLOWS_DIR=str(flows_with(PATIENT, folder))) as started:
        yield started
