"""The drill and the watcher with real processes: `helpline drill` against a desk that runs, with real Whisper weights."""

import json
import subprocess

import pytest
import requests

from tests.smoke.desk import HELPLINE, TEAM, Desk, until

pytestmark = [pytest.mark.smoke, pytest.mark.weights, pytest.mark.xdist_group("story")]


def test_a_drill_passes_and_wakes_nobody(desk: Desk) -> None:
    told = subprocess.run(
        [str(HELPLINE), "drill", "--json"],
        cwd=desk.folder,
        env=desk.env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    report = json.loads(told.stdout)
    assert {leg["verdict"] for leg in report["legs"]} == {"ok"}
    ticket = desk.ticket(report["ticket"])
    assert (ticket["subject"], ticket["state"], ticket["pages"]) == ("Drill", "resolved", [])
    assert [desk.texts(phone) for phone in TEAM] == [[], [], []]


def test_the_clock_watches_the_desk(desk: Desk) -> None:
    until(lambda: requests.get(f"{desk.url}/readyz", timeout=5).json()["warnings"] == [], within=90, what="a clean run")
    metrics = requests.get(f"{desk.url}/metrics", timeout=5).text
    assert 'helpline_audit_findings{kind="not-paged"} 0.0' in metrics
