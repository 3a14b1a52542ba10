"""Desks that follow the flow files of a folder which an admin edits: several processes on one database, and the clock's look
at the folder, each driven by the test."""

import math
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from flows.loader import Flows
from ivr.clock import watch_flows
from ivr.flowstore import FlowStore
from ivr.flowwatch import REFUSED, SETTLED
from ivr.handovers import Handovers
from ivr.jobs import Hands
from ivr.web import create_app
from ivr.wiring import Helpline, open_versions, rules_of
from tests.fake_phones import calm
from tests.world import World, quiet_flows
from tickets import flow_versions
from tickets.flow_versions import Change

#: What the shipped flow says first, and what an admin makes of it.
OLD, NEW = "Messages are recorded.", "This is the new greeting. Messages are recorded."
#: What the check says of `Admin.break_it`.
WRONG = "helpdesk.yml:31:13: there is no step 'nowhere' (and 1 more)"


class Process(World):
    """One process of a desk that follows its flow files. Others may stand on the same database and folder."""

    def __init__(self, database_url: str, folder: Path, flows: Path, beside: "Process | None") -> None:
        super().__init__(database_url, folder)
        if beside is not None:  # one carrier and one time for all of them
            self.now, self.carrier = beside.now, beside.carrier
        self.settings = self.settings.model_copy(update={"flows_dir": flows})
        first = replace(self.desk, settings=self.settings, carrier=self.carrier, now=self.now)
        rules_for = Handovers(first.database, self.now)

        def build(loaded: Flows) -> Helpline:
            rules = calm(rules_of(loaded, self.settings, links=first.links, now=self.now, handovers=rules_for))
            rules = replace(rules, pace=replace(rules.pace, segments_per_second=math.inf))
            return replace(first, flows=loaded, rules=rules, versions=self.versions)

        self.versions = FlowStore(first.database, flows, build)
        self.desk = open_versions(self.versions, first.database, flows, now=self.now)
        self.app = create_app(self.desk)
        self.client: FlaskClient = self.app.test_client()
        self.hands = Hands(self.desk, self.engine)
        self.look = watch_flows(self.desk)

    def looks(self, times: int = SETTLED) -> None:
        """So often, a second apart, the clock of this process looks at the folder, and the process at the database."""
        for _ in range(times):
            self.now.moment += timedelta(seconds=1)
            self.look()
            self.versions.refresh()

    def looks_long(self) -> None:
        self.looks(REFUSED + 1)

    def warnings(self) -> list[str]:
        answer = self.client.get("/readyz")
        assert answer.status_code == 200
        return [one for one in answer.get_json()["warnings"] if "watcher" not in one]

    def history(self) -> list[Change]:
        with self.desk.database.reading() as session:
            return flow_versions.history(session, limit=100)

    def kinds(self) -> list[str]:
        return [change.kind.value for change in reversed(self.history())]


class Admin:
    """Who edits the files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def edit(self, old: str, new: str, name: str = "helpdesk.yml") -> None:
        words = (self.folder / name).read_text()
        assert old in words
        (self.folder / name).write_text(words.replace(old, new))

    def break_it(self, how: str = "next: nowhere") -> None:
        """A step that is not there; `how` tells one mistake from another."""
        self.edit("next: main\n", f"{how}\n")


Start = Callable[[], Process]


@pytest.fixture
def admin(tmp_path: Path) -> Admin:
    """The folder of a desk's flow files, and who edits them."""
    folder = tmp_path / "admin" / "flows"
    folder.parent.mkdir()
    shutil.copytree(quiet_flows(tmp_path), folder)
    return Admin(folder)


@pytest.fixture
def start(database_url: str, tmp_path: Path, admin: Admin) -> Iterator[Start]:
    """Starts one more process of the desk."""
    started: list[Process] = []

    def process() -> Process:
        one = Process(database_url, tmp_path, admin.folder, started[0] if started else None)
        started.append(one)
        return one

    yield process
    for one in started:
        one.close()


def together(*tasks: Callable[[], object]) -> None:
    """All of them at the same moment, each in a thread of its own."""
    gate = threading.Barrier(len(tasks))

    def begin(task: Callable[[], object]) -> None:
        gate.wait()
        task()

    threads = [threading.Thread(target=begin, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
