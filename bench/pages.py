"""From the carrier's recording callback to the page in the carrier's hands, for several voicemails at once, and what each
role needs of memory for it."""

import re
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from rich.console import Group
from rich.table import Table

from bench import voicemails
from bench.desk import ROOT, load_average
from bench.load import percentile
from bench.procs import children, command_line, family, peak_megabytes
from bench.voicemails import Up
from flows.loader import Flows, load

#: Voicemails at once, and how often: one voicemail alone is measured three times, for want of numbers.
ROUNDS = ((1, 3), (10, 1), (50, 1))
#: Seconds after the deadline within which the last page must be out; then the rest is counted as missing.
GRACE = 60.0
#: Seconds for the words of one voicemail, at most, before the next round begins.
EACH_HEARD_WITHIN = 20.0

#: How several pages in one text begin (tickets.paging).
_MERGED = re.compile(r"URGENT \d+ tickets: ")
#: What a page without words says instead (tickets.paging).
_WITHOUT = (", words follow.", ", no words.")


@dataclass(frozen=True)
class Page:
    """One person's page for one voicemail: seconds from the callback to its POST, whether it carried the words, and whether
    it was one text with others, which carries none."""

    seconds: float
    words: bool
    merged: bool


@dataclass(frozen=True)
class Round:
    """So many voicemails at once. `expected` is pages: voicemails times people on duty."""

    voicemails: int
    expected: int
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Role:
    """The processes of one role and the largest of their peaks, in MB."""

    name: str
    processes: int
    peak: float


def measure() -> tuple[list[Round], list[Role], Flows]:
    """All rounds on one `helpline up`, one after the other, and the memory at the end."""
    with voicemails.up() as helpline_up:
        flows = load(ROOT / "flows")
        # The first voicemail of a process pays for what is loaded late; every later one does not.
        _round(helpline_up, flows, 1)
        rounds = []
        for count, times in ROUNDS:
            parts = [_round(helpline_up, flows, count) for _ in range(times)]
            pages = tuple(page for part in parts for page in part.pages)
            rounds.append(Round(count, sum(part.expected for part in parts), pages))
        return rounds, memory(helpline_up), flows


def _round(helpline_up: Up, flows: Flows, count: int) -> Round:
    """`count` voicemails at once, until all their pages are out, and then all their words."""
    calls = voicemails.leave(helpline_up, count)
    expected = count * len(flows.oncall.team)
    until = time.monotonic() + flows.helpdesk.pages.wait_for_transcript + GRACE
    pages = pages_of(helpline_up, calls)
    while len(pages) < expected and time.monotonic() < until:
        time.sleep(0.5)
        pages = pages_of(helpline_up, calls)
    voicemails.wait_until_heard(helpline_up, within=EACH_HEARD_WITHIN * count)
    return Round(count, expected, tuple(pages))


def pages_of(helpline_up: Up, calls: Sequence[str]) -> list[Page]:
    """The first text about each ticket of these calls to each person: that is the page. Which tickets a text is about says
    the API, as the text may name several."""
    callbacks = voicemails.callbacks_of(helpline_up, calls)
    tickets = helpline_up.tickets()
    call_of = {
        ticket["number"]: call["sid"] for ticket in tickets for call in ticket["calls"] if call["sid"] in callbacks
    }
    about: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for ticket in tickets:
        for page in ticket["pages"]:
            about[page["number"], page["body"]].append(ticket["number"])
    first: dict[tuple[int, str], Page] = {}
    query = "SELECT to_number, body, created FROM messages WHERE direction = 'outbound-api' ORDER BY created"
    for person, body, posted in helpline_up.carrier_rows(query):
        merged = bool(_MERGED.match(body))
        words = not merged and not any(sign in body for sign in _WITHOUT)
        for number in about.get((person, body), ()):
            if number in call_of and (number, person) not in first:
                first[number, person] = Page(float(posted) - callbacks[call_of[number]], words, merged)
    return list(first.values())


def memory(helpline_up: Up) -> list[Role]:
    """The peak of each role since its start. A role's own children (gunicorn's worker, the broker's server) belong to it."""
    found: dict[str, list[float]] = {}
    for child in children(helpline_up.process.pid):
        with suppress(OSError):
            name = command_line(child)[-1]
            found.setdefault(name, []).extend(peak_megabytes(one) for one in family(child))
    supervisor = Role("up", 1, peak_megabytes(helpline_up.process.pid))
    return [supervisor, *(Role(name, len(peaks), max(peaks)) for name, peaks in found.items())]


def pages_table(rounds: Sequence[Round], flows: Flows) -> Group:
    """Seconds from callback to page."""
    deadline = flows.helpdesk.pages.wait_for_transcript
    table = Table()
    columns = (
        "voicemails at once",
        "pages",
        "p50 s",
        "p95 s",
        "longest s",
        "with words",
        "without",
        "merged",
        "missing",
    )
    for column in columns:
        table.add_column(column, justify="right")
    for one in rounds:
        seconds = sorted(page.seconds for page in one.pages)
        with_words, merged = sum(page.words for page in one.pages), sum(page.merged for page in one.pages)
        table.add_row(
            str(one.voicemails),
            str(len(seconds)),
            *(f"{percentile(seconds, share):.1f}" for share in (0.5, 0.95, 1.0)),
            str(with_words),
            str(len(seconds) - with_words - merged),
            str(merged),
            str(one.expected - len(seconds)),
        )
    return Group(
        f"Recording callback to page handed to the carrier, {len(flows.oncall.team)} people on duty ({load_average()})",
        table,
        f"a page goes out with the words, or {deadline} s after the recording ended without them\n",
    )


def memory_table(roles: Sequence[Role]) -> Group:
    """MB per role."""
    table = Table()
    for column in ("role", "processes", "MB"):
        table.add_column(column, justify="left" if column == "role" else "right")
    for role in roles:
        table.add_row(role.name, str(role.processes), f"{role.peak:.0f}")
    return Group("Peak memory of each role, MB of its largest process (VmHWM)", table)
