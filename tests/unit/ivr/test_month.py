"""A month of simulated time with random calls, failures and a clock change: no ticket ends unowned, no page follows an
acknowledgement, nobody is rung off duty. All that holds: tests/month/proof.py at every step, tests/month/ending.py in the end.

MONTH_SEEDS="7 8 9" lives through other months than this one; a month that fails has its seed in its name."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.month.rota import BACK, FORWARD
from tests.month.story import Month

SEEDS = [int(seed) for seed in os.environ.get("MONTH_SEEDS", "1").split()]
MONTHS = {
    "the clocks go back": (datetime(2026, 10, 28, 12, tzinfo=UTC), BACK),
    "the clocks go forward": (datetime(2027, 2, 14, 12, tzinfo=UTC), FORWARD),
}
#: So much of each is there in any month; with less, nothing was tried.
ENOUGH = {
    "call to ring": 15, "call to page": 30, "page": 40, "missed": 4, "taken": 30, "pages that failed": 2, "call answered": 3,
    "call voicemail": 4, "call abandoned": 3, "ticket resolved": 20, "times that a ticket was announced": 25,
}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", MONTHS)
def test_a_month_in_which(name: str, seed: int, database_url: str, tmp_path: Path) -> None:
    begins, change = MONTHS[name]
    month = Month(database_url, tmp_path, seed=seed, begins=begins, change=change)
    with capture_logs() as logs:
        month.passes()
    assert [entry for entry in logs if entry["event"] == "a piece of work failed"] == []
    counted = month.proof.counted
    assert {what: counted[what] for what, least in ENOUGH.items() if counted[what] < least} == {}
