"""Whether those who are on duty next can be reached, and whether the week has holes. Pure: facts in, findings out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from tickets.oncall import Person, Stint
from tickets.sms import fit, spoken_number

#: Where the rest stands when a text has no room for all of it.
MORE = " All of it: helpline oncall --ready"


@dataclass(frozen=True)
class Reach:
    """What the desk knows of the phone that `person` is paged on. `silent`: the number opted out, and they are texted. `heard`:
    a text of ours arrived there once, one came from there, or a call of ours was taken with a key. `failed`: why the last
    page did not arrive in the way in which they are paged first, if nothing did since."""

    person: Person
    silent: bool = False
    heard: bool = True
    failed: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `grave`: somebody will not be reached; otherwise it only has never been tried."""

    text: str
    grave: bool = True


def findings(reaches: Iterable[Reach], holes: Sequence[tuple[str, str]], *, desk_number: str) -> tuple[Finding, ...]:
    """What is wrong, the worst of each person, the graver first. `holes` are the times without anybody, in words."""
    found = [finding for reach in reaches if (finding := _of(reach, desk_number)) is not None]
    if holes:
        begins, ends = holes[0]
        more = f" and {len(holes) - 1} more times within a week" if len(holes) > 1 else ""
        found.append(Finding(f"nobody is on call {begins} to {ends}{more}"))
    return tuple(sorted(found, key=lambda finding: not finding.grave))


def _of(reach: Reach, desk_number: str) -> Finding | None:
    name, number = reach.person.name, reach.person.number
    if not number:
        return Finding(f"{name} has no number")
    if number == desk_number:
        return Finding(f"{name} has the help desk's own number")
    if reach.silent:
        return Finding(f"{name} has opted out of texts and gets no pages until texting START")
    if reach.failed:
        return Finding(f"the last page to {name} did not arrive ({reach.failed})")
    if not reach.heard:
        return Finding(
            f"{name} is not verified: no text ever reached {spoken_number(number)} or came from it", grave=False
        )
    return None


def holes(stints: Iterable[Stint]) -> tuple[tuple[datetime, datetime], ...]:
    """The times in which nobody is on duty; what touches is one."""
    found: list[tuple[datetime, datetime]] = []
    for stint in stints:
        if stint.people:
            continue
        if found and found[-1][1] == stint.begins:
            found[-1] = (found[-1][0], stint.ends)
        else:
            found.append((stint.begins, stint.ends))
    return tuple(found)


def changes(stints: Sequence[Stint]) -> tuple[Stint, ...]:
    """The stints that begin with other people than the one before."""
    return tuple(after for before, after in pairwise(stints) if set(before.people) != set(after.people))


def text(who: str, found: Sequence[Finding]) -> str:
    """The report as one text of two segments at most. `who` says who is on call, and from when."""
    if not found:
        return fit("Ready. ", who, ". All is well.")
    listed = "; ".join(finding.text for finding in found)
    whole = f"Not ready. {who}: {listed}."
    return whole if fit("", whole, "") == whole else fit("Not ready. ", f"{who}: {listed}", MORE)
