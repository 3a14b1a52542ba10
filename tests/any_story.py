"""Stories that hypothesis makes up: acts in any order at a desk of their own, and then a time in which all is well."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, settings
from structlog.testing import capture_logs

from tests import databases
from tests.world import World

Acts = Iterable[tuple[Any, ...]]


class Told(Protocol):
    """Who does the acts by their names and looks at what comes of each, and in the end at everything."""

    def happens(self, act: str, *what: object) -> None:
        """Do one act."""

    def is_over(self) -> None:
        """What has to hold when nothing is under way any more."""


def examples(most: int) -> settings:
    """So many stories at most; each makes a desk, which takes its time."""
    unchecked = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    return settings(max_examples=most, deadline=None, suppress_health_check=unchecked)


def ends_well(
    who: Callable[[World], Told], story: Acts, template: str, folders: pytest.TempPathFactory, **desk: bool
) -> None:
    """Tell a story at a desk of its own, let all be well again, and look at the end. No piece of work may fail."""
    folder = folders.mktemp("desk")
    world = World(databases.fresh(template, folder), folder, **desk)  # type: ignore[arg-type]
    told = who(world)
    with capture_logs() as logs:
        for act in story:
            told.happens(*act)
        told.happens("all_is_well_again")
    told.is_over()
    assert [entry for entry in logs if entry["event"] == "a piece of work failed"] == []
    world.close()
