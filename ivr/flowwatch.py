"""Edits of the flow files: noticed by a look every second, judged as `helpline flow check` judges, and put into use or
refused. Only the clock that leads does this, and whoever finds no version at all at the start."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from flows.fallback import fallback, savable
from flows.lint.check import check
from flows.loader import load_all, version_of
from flows.problems import Problem
from ivr.flowfiles import Stamp, stamp
from ivr.flowstore import flows_of
from tickets import flow_versions, sms
from tickets.db import Database
from tickets.flow_versions import InUse
from tickets.rules import Rules
from tickets.states import FlowChangeKind

log = structlog.get_logger(__name__)

#: Seconds between two looks.
EVERY = 1.0
#: Equal looks in a row after which files count as saved: an editor may write in steps, or put a new file in the place of
#: the old one.
SETTLED = 2
#: Equal looks after which wrong files are refused, and people hear of it: who saves two files may be between them.
REFUSED = 6


@dataclass(frozen=True)
class Verdict:
    """The flow files of a folder at one moment: their texts by name, the version that they make (None when they are wrong),
    and what is wrong."""

    files: dict[str, str]
    version: str | None
    problems: tuple[Problem, ...] = ()

    @property
    def name(self) -> str:
        """What wrong files are called: the same files are the same, whoever looks at them."""
        first = [f"{one.line}:{one.column}:{one.message}" for one in self.problems[:1]]
        return version_of({**self.files, "": "".join(first)})

    @property
    def why(self) -> str:
        """The first problem, and how many there are beside it."""
        if not self.problems:
            return ""
        first, more = self.problems[0], len(self.problems) - 1
        place = f"{Path(first.file).name}:{first.line}:{first.column}: {first.message}"
        return f"{place} (and {more} more)" if more else place


def judge(folder: Path, *, in_use: str | None, now: datetime | None = None) -> Verdict:
    """The verdict on the files of `folder`. The version in use is right whatever a newer check says of it."""
    loaded = load_all(folder)
    files = {name: document.text for name, document in loaded.documents.items()}
    version = loaded.flows.version if loaded.flows is not None else None
    if version is not None and version == in_use:
        return Verdict(files, version)
    found = check(folder, alphabet=sms, now=now or datetime.now(UTC))
    problems = tuple(problem for problem in found if not problem.note)
    return Verdict(files, None if problems else version, problems)


class FlowWatch:
    """The looks of one process. It decides once about each state of the folder, and again when that has changed."""

    def __init__(self, database: Database, folder: Path, *, rules: Callable[[], Rules], now: Callable[[], datetime]):
        self._database, self._folder, self._rules, self._now = database, folder, rules, now
        self._seen: Stamp | None = None
        self._looks = 0
        self._verdict: Verdict | None = None
        self._decided: Stamp | None = None

    def look(self) -> None:
        """One look. Raises SQLAlchemyError when the database does not answer; then the next look decides."""
        seen = stamp(self._folder)
        if seen != self._seen:
            self._seen, self._looks, self._verdict, self._decided = seen, 1, None, None
            return
        self._looks += 1
        if self._looks < SETTLED or self._decided == seen:
            return
        if self._verdict is None:
            with self._database.reading() as session:
                known = flow_versions.in_use(session)
            self._verdict = judge(self._folder, in_use=known.version if known else None, now=self._now())
        verdict = self._verdict
        if verdict.version is None and self._looks < REFUSED:
            return
        with self._database.unit() as unit:
            flow_versions.hold(unit)
            if stamp(self._folder) != seen:
                return  # changed while it was judged, perhaps by a rollback
            decided = self._decide(unit, verdict)
        self._decided = seen if decided else None

    def _decide(self, unit: Session, verdict: Verdict) -> bool:
        now, rules = self._now(), self._rules()
        if verdict.version is not None:
            used = flow_versions.use(
                unit, verdict.version, verdict.files, kind=FlowChangeKind.EDITED, now=now, rules=rules
            )
            if used.since == now:
                log.info("the flow files were changed and are in use", number=used.number, version=used.version)
            return True
        known = flow_versions.in_use(unit)
        if known is None or known.built_in:
            saved = use_built_in(unit, verdict.files, now=now)
            if known is None or saved.change != known.change:
                return False  # other people than before may have to hear of it: at the next look
        if flow_versions.refuse(unit, verdict.name, verdict.why, rules=rules, now=now):
            going_on = flow_versions.going_on(known)
            log.error("the flow files are refused", problem=verdict.why, going_on=going_on)
        return True


def use_built_in(unit: Session, files: dict[str, str], *, now: datetime) -> InUse:
    """Use the built-in flow, with what can be saved of `files`. `flow_versions.hold` was asked for."""
    version = fallback(files).version
    return flow_versions.use(unit, version, savable(files), kind=FlowChangeKind.BUILT_IN, now=now)


def ensure_version(
    database: Database, folder: Path, *, now: Callable[[], datetime], adopt: bool = False
) -> Verdict | None:
    """Have a version in use that this program can load: the one that is, else the files of `folder`, else the built-in flow.
    With `adopt`, right files are used at once even where there is one. Returns the verdict on the files if it was asked."""
    with database.reading() as session:
        known = flow_versions.in_use(session)
        files = flow_versions.files_of(session, known.version) if known else None
    loads = known is not None and files is not None and flows_of(known.version, files, folder) is not None
    if loads and not adopt:
        return None
    verdict = judge(folder, in_use=known.version if known and loads else None, now=now())
    with database.unit() as unit:
        flow_versions.hold(unit)
        other = flow_versions.in_use(unit)
        if (other.change if other else None) != (known.change if known else None):
            return verdict  # another process has just done this
        if verdict.version is not None:
            flow_versions.use(unit, verdict.version, verdict.files, kind=FlowChangeKind.EDITED, now=now())
        elif not loads:
            use_built_in(unit, verdict.files, now=now())
    return verdict
