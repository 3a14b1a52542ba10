"""A month of simulated time with random calls, failures and a clock change: no ticket ends unowned, no page follows an
acknowledgement, nobody is rung off duty. What else holds is in tests/month/proof.py.

HELPLINE_MONTH_SEEDS="7 8 9" tries other months than these; a month that fails says which it was."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.month.rota import BACK, FORWARD
from tests.month.story import Month

SEEDS = [int(seed) for seed in os.environ.get("HELPLINE_MONTH_SEEDS", "1 2").split()]
MONTHS = {
    "the clocks go back": (datetime(2026, 10, 28, 12, tzinfo=UTC), BACK),
    "the clocks go forward": (datetime(2027, 2, 14, 12, tzinfo=UTC), FORWARD),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", MONTHS)
def test_a_month(database_url: str, tmp_path: Path, name: str, seed: int) -> None:
    begins, change = MONTHS[name]
    month = Month(database_url, tmp_path, seed=seed, begins=begins, change=change)
    with capture_logs() as logs:
        month.passes()
    assert [entry for entry in logs if entry["event"] == "a piece of work failed"] == []
    print(dict(month.proof.counted))
