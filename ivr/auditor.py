"""The watcher: every minute it looks at the whole desk, mends what it can and tells people what it cannot. Only when all is
well does it send the heartbeat, so that its own end is noticed too."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ivr import heartbeat
from ivr.wiring import Helpline
from tickets import marks, mending
from tickets.audit import MENDABLE, Finding, Kind, findings
from tickets.audit_reading import snapshot

log = structlog.get_logger(__name__)

#: Seconds between two runs.
EVERY = 60.0

#: A remedy that has not helped in so many runs will not help: people hear of it.
PERSISTS = 3

#: Without a clean run for so long, the desk is not known to be well.
STALE = timedelta(minutes=5)

#: Findings that are mended in one run; the others have their turn in the next. A run must end.
MOST = 200

#: The marks of the last run and of the last clean one; and, by kind, how much the last run found.
RAN, CLEAN = "audit:ran", "audit:clean"


@dataclass(frozen=True)
class Result:
    """One run: what it found, and whether all is well. Work that was given up is history: it is told once, and the next run
    may be clean."""

    found: tuple[Finding, ...]
    clean: bool


class Auditor:
    """The watcher of one process. It remembers how often it has seen each finding."""

    def __init__(self, desk: Helpline) -> None:
        self._desk = desk
        self._seen: Counter[tuple[Kind, int]] = Counter()

    def run(self) -> Result:
        """One run, and the heartbeat when it was clean. Raises SQLAlchemyError when the database does not answer."""
        desk = self._desk.latest()
        now = desk.now()
        with desk.database.reading() as session:
            found = findings(snapshot(session, now), now)
        keys = [(one.kind, one.ref) for one in found]
        self._seen = Counter({key: self._seen[key] + 1 for key in keys})
        done = self._mend(desk, found[:MOST], now)
        clean = all(one.kind is Kind.WORK_DEAD and self._seen[one.kind, one.ref] > 1 for one in found)
        loud = [one for one in found if self._is_loud(one, done)]
        with desk.database.unit() as unit:
            if loud:
                mending.tell_people(unit, loud, rules=desk.rules, now=now)
            _remember(unit, found, clean=clean, now=now)
        if clean:
            self._beat()
        return Result(found, clean)

    def _mend(self, desk: Helpline, found: Iterable[Finding], now: datetime) -> dict[tuple[Kind, int], str | None]:
        done: dict[tuple[Kind, int], str | None] = {}
        for one in found:
            what = None
            try:
                with desk.database.unit() as unit:
                    what = mending.mend(unit, one, rules=desk.rules, now=now)
                    mending.tell_story(unit, one, what, now=now)
            except OperationalError:
                raise  # the database is away, for all of them
            except Exception:
                log.exception("the watcher could not mend this", kind=one.kind.value, ref=one.ref)  # but the others
            done[one.kind, one.ref] = what
            times = self._seen[one.kind, one.ref]
            log.warning("the watcher found", kind=one.kind.value, ref=one.ref, ticket=one.number, done=what, run=times)
        return done

    def _is_loud(self, one: Finding, done: dict[tuple[Kind, int], str | None]) -> bool:
        """Nothing could be done about it, or what was done does not help."""
        key = (one.kind, one.ref)
        given_up = key in done and done[key] is None
        return given_up or one.kind not in MENDABLE or self._seen[key] >= PERSISTS

    def _beat(self) -> None:
        url = self._desk.settings.helpline_heartbeat_url
        if url is None:
            return
        try:
            heartbeat.beat(url)
        except heartbeat.NotHeard as error:
            log.warning("the heartbeat was not heard", error=str(error))


def _remember(unit: Session, found: Iterable[Finding], *, clean: bool, now: datetime) -> None:
    count = Counter(one.kind for one in found)
    for kind in Kind:
        marks.set_count(unit, f"audit:{kind}", count[kind])
    marks.put(unit, RAN, now)
    if clean:
        marks.put(unit, CLEAN, now)


def last_clean(session: Session) -> datetime | None:
    """When the desk was last known to be well; None: never."""
    return marks.known(session, CLEAN)


def complaint(session: Session, now: datetime) -> str | None:
    """What is wrong with the watcher, or with what it sees; None while it reports that all is well."""
    clean, ran = last_clean(session), marks.known(session, RAN)
    if clean is not None and now - clean <= STALE:
        return None
    if ran is None:
        return "the watcher has never run"
    if now - ran > STALE:
        return f"the watcher has not run for {_minutes(now - ran)}"
    found = [f"{kind} {count}" for kind in Kind if (count := marks.count(session, f"audit:{kind}"))]
    since = f"for {_minutes(now - clean)}" if clean else "yet"
    return f"the watcher has found nothing well {since}: {', '.join(found) or 'nothing any more'}"


def _minutes(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
