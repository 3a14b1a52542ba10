"""Which flow files are in use, which were, and who is told when an edit is refused. Inside the caller's unit of work.

The files are opaque here: texts by name. Whether they are right is judged by the edge, which hands the verdict in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from tickets import outbox
from tickets.db import insert_once, serialise
from tickets.flow_rows import FlowChange, FlowVersion
from tickets.oncall import Person
from tickets.rules import Rules
from tickets.sms import fit
from tickets.states import FlowChangeKind, Purpose


@dataclass(frozen=True)
class InUse:
    """The version in use: its number and name, since when, the change that made it so, and what kind of change that was."""

    number: int
    version: str
    since: datetime
    change: int
    kind: FlowChangeKind

    @property
    def built_in(self) -> bool:
        """Whether no version of the admins' can be used."""
        return self.kind is FlowChangeKind.BUILT_IN


@dataclass(frozen=True)
class Change:
    """A line of the history. `version` is None for what was refused; `before` is the version in use until then."""

    kind: FlowChangeKind
    at: datetime
    by: str | None
    number: int | None
    version: str | None
    problem: str | None
    files: Mapping[str, str]
    before: Mapping[str, str]


def hold(session: Session) -> None:
    """Who changes the version does so alone: asked for before the first look at what is to be changed."""
    serialise(session, "flow versions")


def in_use(session: Session) -> InUse | None:
    """The version in use; None before the first one."""
    return _first(session, _used())


def _used() -> Select[int, str, datetime, int, str]:
    columns = select(FlowVersion.id, FlowVersion.version, FlowChange.at, FlowChange.id, FlowChange.kind)
    return columns.join(FlowVersion, FlowChange.version_id == FlowVersion.id).order_by(FlowChange.id.desc())


def _first(session: Session, query: Select[int, str, datetime, int, str]) -> InUse | None:
    row = session.execute(query.limit(1)).first()
    return None if row is None else InUse(row[0], row[1], row[2], row[3], FlowChangeKind(row[4]))


def refusal(session: Session) -> str | None:
    """Why the files of now are not in use; None when they are, as far as is known."""
    newest = _newest(session)
    return newest.problem if newest is not None and newest.kind == FlowChangeKind.REFUSED else None


def files_of(session: Session, version: str) -> dict[str, str] | None:
    """The files of a version that was in use."""
    files = session.scalars(select(FlowVersion.files).where(FlowVersion.version == version)).one_or_none()
    return None if files is None else dict(files)


def find(session: Session, named: str) -> InUse | None:
    """The version that somebody names by its number, or by the beginning of its name if no other begins so; its last use."""
    is_number = named.isdecimal() and len(named) <= 6
    same = FlowVersion.id == int(named) if is_number else FlowVersion.version.startswith(named, autoescape=True)
    numbers = session.scalars(select(FlowVersion.id).where(same)).all()
    return _first(session, _used().where(FlowVersion.id == numbers[0])) if len(numbers) == 1 else None


def before(session: Session) -> InUse | None:
    """The version of the admins' that was in use before the one that is."""
    now = in_use(session)
    if now is None:
        return None
    usable = FlowChange.kind != FlowChangeKind.BUILT_IN
    return _first(session, _used().where(FlowVersion.id != now.number, usable))


def use(
    session: Session,
    version: str,
    files: Mapping[str, str],
    *,
    kind: FlowChangeKind,
    now: datetime,
    by: str | None = None,
    rules: Rules | None = None,
) -> InUse:
    """Keep these files and use them from here on, in one step; `hold` was asked for. Twice does nothing. When an edit was
    refused before, those who were told hear that all is well, from the people of `rules`."""
    newest, known = _newest(session), in_use(session)
    refused = newest is not None and newest.kind == FlowChangeKind.REFUSED
    if known is not None and known.version == version:
        if not refused:
            return known
        kind = kind if kind is FlowChangeKind.ROLLED_BACK else FlowChangeKind.MENDED
    insert_once(session, FlowVersion, version=version, files=dict(files), first_used_at=now)
    number = session.scalars(select(FlowVersion.id).where(FlowVersion.version == version)).one()
    change = FlowChange(kind=kind, version_id=number, by=by, at=now)
    session.add(change)
    session.flush()
    if refused and rules is not None and kind is not FlowChangeKind.BUILT_IN:
        body = f"Help desk flow files are right again. Version {number} is in use."
        _tell(session, rules, f"right:{change.id}", body, now)
    return InUse(number, version, now, change.id, kind)


def refuse(session: Session, refused: str, problem: str, *, rules: Rules, now: datetime) -> bool:
    """The files of now, which `refused` names, are wrong: the version in use goes on, and people hear of it, once for these
    files. False when that is known already. `hold` was asked for."""
    newest = _newest(session)
    if newest is not None and newest.kind == FlowChangeKind.REFUSED and newest.refused == refused:
        return False
    session.add(FlowChange(kind=FlowChangeKind.REFUSED, refused=refused, problem=problem, at=now))
    known = in_use(session)
    body = fit(f"Help desk flow files are refused, {going_on(known)}: ", problem, ". See helpline flow check.")
    _tell(session, rules, f"{known.change if known else 0}:{refused}", body, now)
    return True


def going_on(known: InUse | None) -> str:
    """What goes on while files are refused, in words."""
    if known is None or known.built_in:
        return "the built-in voicemail answers"
    return f"version {known.number} goes on"


def recipients(rules: Rules, now: datetime) -> tuple[Person, ...]:
    """Who hears of the flow files: those who lead, and where nobody does, everyone on duty."""
    return tuple(person for person in rules.team if person.lead) or rules.paged(now)


def _tell(session: Session, rules: Rules, about: str, body: str, now: datetime) -> None:
    for person in recipients(rules, now):
        outbox.write(
            session,
            key=f"flows:{about}:{person.number}",
            purpose=Purpose.NOTICE,
            to=person.number,
            body=body,
            desk=rules.desk_number,
            now=now,
            person=person.name,
        )


def history(session: Session, *, limit: int) -> list[Change]:
    """What happened to the flow files, the newest first."""
    rows = session.execute(
        select(FlowChange, FlowVersion)
        .join(FlowVersion, FlowChange.version_id == FlowVersion.id, isouter=True)
        .order_by(FlowChange.id)
    ).all()
    found: list[Change] = []
    used: Mapping[str, str] = {}
    for change, version in rows:
        files = version.files if version is not None else {}
        found.append(
            Change(
                kind=FlowChangeKind(change.kind),
                at=change.at,
                by=change.by,
                number=change.version_id,
                version=version.version if version is not None else None,
                problem=change.problem,
                files=files,
                before=used,
            )
        )
        used = files if version is not None else used
    return found[: -limit - 1 : -1]


def _newest(session: Session) -> FlowChange | None:
    return session.scalars(select(FlowChange).order_by(FlowChange.id.desc()).limit(1)).first()
