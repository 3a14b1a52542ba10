"""What the watcher finds, from rows: nothing on a desk at rest, and every lost step."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.audit import (
    CallRow,
    Finding,
    Kind,
    RecordingRow,
    Snapshot,
    TextRow,
    TicketRow,
    WorkRow,
    findings,
)

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
AGO = NOW - timedelta(minutes=10)

TICKET = TicketRow(1, 1001, "open", None, None, AGO, ("delivered",))
TEXT = TextRow(5, "page", "pending", "Sam", NOW, ticket=1)
RECORDING = RecordingRow(7, 3, "completed", "pending", "pending", call_ended=True, ticket=1)
CALL = CallRow(3, "in-progress", NOW, ended=False, in_voicemail=False)
WORK = WorkRow(9, "send-text", 5, dead=False, due_at=NOW)


def waits(kind: str, ref: int) -> WorkRow:
    return replace(WORK, kind=kind, ref=ref)


def kinds(desk: Snapshot, now: datetime = NOW) -> list[str]:
    return [one.kind.value for one in findings(desk, now)]


def test_a_desk_without_anything_has_nothing_wrong() -> None:
    assert findings(Snapshot(), NOW) == ()


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (TICKET, []),
        (replace(TICKET, pages=("failed", "sending")), []),
        (replace(TICKET, pages=()), ["not-paged"]),
        (replace(TICKET, pages=(), ahead=True), []),
        (replace(TICKET, pages=(), since=NOW - timedelta(seconds=59)), []),
        (replace(TICKET, pages=("failed", "withheld")), ["unreached"]),
        (replace(TICKET, claimed_by="Sam"), ["owner"]),
        (replace(TICKET, state="claimed", claimed_by="Sam", pages=()), []),
        (replace(TICKET, state="claimed"), ["owner"]),
        (replace(TICKET, state="resolved", claimed_by="Sam"), ["owner"]),
        (replace(TICKET, state="resolved", claimed_by="Sam", resolved_by="Lee"), []),
    ],
)
def test_an_open_ticket_has_a_page_or_a_next_step_and_a_taken_one_an_owner(row: TicketRow, wrong: list[str]) -> None:
    assert kinds(Snapshot(tickets=(row,))) == wrong


def test_a_finding_names_its_ticket_and_what_is_wrong() -> None:
    assert findings(Snapshot(tickets=(replace(TICKET, pages=()),)), NOW) == (
        Finding(Kind.NOT_PAGED, 1, "Nobody was told of this ticket", 1, 1001),
    )


@pytest.mark.parametrize(
    ("row", "work", "wrong"),
    [
        (TEXT, [], ["text-without-work"]),
        (TEXT, [WORK], []),
        (replace(TEXT, merged=True), [], []),
        (replace(TEXT, state="sending"), [], ["text-without-work"]),
        (replace(TEXT, created_at=NOW - timedelta(minutes=6)), [WORK], ["text-late"]),
        (replace(TEXT, created_at=NOW - timedelta(minutes=6), person=None), [WORK], []),
        (replace(TEXT, created_at=NOW - timedelta(minutes=31), person=None), [WORK], ["text-late"]),
        (replace(TEXT, state="sending", sid="SM1"), [], ["text-unchecked"]),
        (replace(TEXT, state="sending", sid="SM1"), [waits("check-delivery", 5)], []),
        (replace(TEXT, state="sending", sid="SM1", error="no delivery report"), [], []),
    ],
)
def test_a_text_that_is_not_over_has_work(row: TextRow, work: list[WorkRow], wrong: list[str]) -> None:
    assert kinds(Snapshot(texts=(row,), work=tuple(work))) == wrong


@pytest.mark.parametrize(
    ("row", "work", "wrong"),
    [
        (RECORDING, [], ["not-fetched", "no-deadline"]),
        (replace(RECORDING, told=True), [], ["not-fetched"]),
        (RECORDING, [waits("fetch-recording", 7), waits("page-deadline", 7)], []),
        (replace(RECORDING, media="stored"), [waits("page-deadline", 7)], ["not-transcribed"]),
        (replace(RECORDING, media="stored"), [waits("page-deadline", 7), waits("transcribe", 7)], []),
        (replace(RECORDING, media="stored", transcript="done"), [], []),
        (replace(RECORDING, state="in-progress"), [], ["call-unwatched"]),
        (replace(RECORDING, state="in-progress"), [waits("look-up-call", 3)], []),
        (replace(RECORDING, state="in-progress", call_ended=False), [], []),
    ],
)
def test_a_voicemail_is_fetched_heard_and_paged_about(row: RecordingRow, work: list[WorkRow], wrong: list[str]) -> None:
    assert kinds(Snapshot(recordings=(row,), work=tuple(work))) == wrong


@pytest.mark.parametrize(
    ("row", "work", "wrong"),
    [
        (CALL, [], []),
        (replace(CALL, updated_at=AGO), [], ["call-unwatched"]),
        (replace(CALL, updated_at=AGO), [waits("look-up-call", 3)], []),
        (replace(CALL, outcome="abandoned", ended=True, in_voicemail=True), [], ["call-unwatched"]),
        (replace(CALL, outcome="abandoned", ended=True, in_voicemail=True, asked=True), [], []),
        (replace(CALL, outcome="abandoned", ended=True, in_voicemail=True, recordings=1), [], []),
    ],
)
def test_the_end_of_every_call_is_noticed(row: CallRow, work: list[WorkRow], wrong: list[str]) -> None:
    assert kinds(Snapshot(calls=(row,), work=tuple(work))) == wrong


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (WORK, []),
        (replace(WORK, due_at=NOW - timedelta(minutes=4)), ["work-overdue"]),
        (replace(WORK, due_at=NOW - timedelta(minutes=4), kind="transcribe"), []),
        (replace(WORK, due_at=NOW - timedelta(minutes=16), kind="transcribe"), ["work-overdue"]),
        (replace(WORK, due_at=NOW - timedelta(minutes=4), lease_until=NOW + timedelta(seconds=20)), []),
        (replace(WORK, due_at=NOW - timedelta(minutes=31), lease_until=NOW + timedelta(seconds=20)), ["work-held"]),
        (replace(WORK, lease_until=NOW + timedelta(hours=1)), ["lease-wrong"]),
        (replace(WORK, dead=True), ["work-dead"]),
        (replace(WORK, due_at=NOW + timedelta(hours=5)), []),
    ],
)
def test_work_that_is_due_is_done(row: WorkRow, wrong: list[str]) -> None:
    assert kinds(Snapshot(work=(row,))) == wrong


def test_workers_that_are_gone_are_one_finding_for_each_kind_of_work() -> None:
    late = [replace(WORK, id=id_, ref=id_, due_at=AGO) for id_ in range(1, 40)]
    assert findings(Snapshot(work=tuple(late)), NOW) == (
        Finding(Kind.WORK_OVERDUE, 1, "No worker does what is due: send-text"),
    )


rows = st.lists(
    st.builds(
        TicketRow,
        id=st.integers(1, 5),
        number=st.integers(1001, 1005),
        state=st.sampled_from(["open", "claimed", "resolved"]),
        claimed_by=st.sampled_from([None, "Sam"]),
        resolved_by=st.sampled_from([None, "Lee"]),
        since=st.integers(0, 300).map(lambda seconds: NOW - timedelta(seconds=seconds)),
        pages=st.lists(st.sampled_from(["pending", "sending", "sent", "delivered", "failed", "withheld"])).map(tuple),
        ahead=st.booleans(),
    ),
    unique_by=lambda row: row.id,
)


@given(rows)
def test_no_open_ticket_is_forgotten_and_no_owned_one_is_paged(tickets: list[TicketRow]) -> None:
    """For every ticket there is, or may be, somebody: it has an owner, a page that may arrive, a next step, a moment of time,
    or a finding. And a finding about pages is about open tickets only."""
    found = {(one.ref, one.kind) for one in findings(Snapshot(tickets=tuple(tickets)), NOW)}
    for row in tickets:
        alone = {(row.id, Kind.NOT_PAGED), (row.id, Kind.UNREACHED)} & found
        reached = {"pending", "sending", "sent", "delivered"} & set(row.pages)
        safe = row.state != "open" or row.ahead or reached or NOW - row.since < timedelta(seconds=60)
        assert bool(alone) != bool(safe)
