"""Which version of the flow files this process works with. The database says it; a process that has lost the database goes
on with what it had.

`T` is what the edge builds of the flows of one version (`ivr.wiring.Helpline`), once, and keeps for calls that began
with it. Reading `current` costs nothing: a thread of its own looks for a newer one, so that no webhook does."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from flows.fallback import BUILT_IN, fallback
from flows.loader import Flows, load_all
from tickets import flow_versions
from tickets.db import Database

log = structlog.get_logger(__name__)

#: Seconds between two looks at which version is in use.
LOOK_EVERY = 1.0
#: Versions that are kept in memory: the one in use, and those of calls that began before it.
KEPT = 8

T = TypeVar("T")


def flows_of(version: str, files: dict[str, str], folder: Path) -> Flows | None:
    """The flows of a kept version; None when this program cannot load them (any more). `folder` is where they were."""
    return fallback(files) if version.startswith(BUILT_IN) else load_all(folder, files).flows


class NoVersion(Exception):
    """There is no version that this process could work with."""


class FlowStore(Generic[T]):
    """The versions of one process. Any number of threads may ask."""

    def __init__(self, database: Database, folder: Path, build: Callable[[Flows], T]) -> None:
        self._database, self._folder, self._build = database, folder, build
        self._lock = threading.Lock()
        self._built: OrderedDict[str, T] = OrderedDict()
        self._current: tuple[str, T] | None = None
        self._failed = ""

    @property
    def current(self) -> T:
        """What was built of the version in use. Raises NoVersion before the first `refresh` that found one."""
        if self._current is None:
            raise NoVersion
        return self._current[1]

    def refresh(self) -> None:
        """Look at the database once. What does not answer, or cannot be loaded here, changes nothing and is logged once."""
        try:
            with self._database.reading() as session:
                found = flow_versions.in_use(session)
                if found is None or (self._current is not None and found.version == self._current[0]):
                    self._failed = ""
                    return
                built = self.of(found.version, session)
        except SQLAlchemyError as error:
            self._fail(f"the database does not answer ({type(error).__name__})")
            return
        if built is None:
            self._fail(f"version {found.number} cannot be loaded by this program")
            return
        if self._current is not None:
            log.info("another version of the flow files is in use", number=found.number, version=found.version)
        self._current, self._failed = (found.version, built), ""

    def _fail(self, why: str) -> None:
        if why != self._failed:
            log.warning("the version of the flow files is not known; the last one goes on", reason=why)
            self._failed = why

    def of(self, version: str, session: Session) -> T | None:
        """What was built of this version, in use or not; None when it was never kept, or cannot be loaded here."""
        with self._lock:
            if version in self._built:
                self._built.move_to_end(version)
                return self._built[version]
        files = flow_versions.files_of(session, version)
        flows = flows_of(version, files, self._folder) if files is not None else None
        if flows is None:
            return None
        with self._lock:
            built = self._built.setdefault(version, self._build(flows))
            while len(self._built) > KEPT:
                self._built.popitem(last=False)
        return built

    def follow(self) -> None:
        """Look every LOOK_EVERY seconds from here on, in a thread that ends with the process."""
        threading.Thread(target=self._follow, name="flow versions", daemon=True).start()

    def _follow(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_EVERY):
            try:
                self.refresh()
            except Exception:
                log.exception("the version of the flow files could not be looked at")
