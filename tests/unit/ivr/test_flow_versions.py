"""An admin edits the flow files of a desk that runs: what callers hear, what processes agree on, who is told."""

from functools import partial

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import SQLAlchemyError

from ivr.flowwatch import ensure_version
from tests.versions_story import NEW, OLD, WRONG, Admin, Start, admin, start, together
from tests.world import CLIENT, LEE, ROBIN, SAM, World
from tickets import db, flow_versions
from tickets.flow_rows import FlowChange, FlowVersion
from tickets.models import Call, Message
from tickets.states import FlowChangeKind

__all__ = ["admin", "start"]


def test_an_edit_is_heard_without_a_restart(start: Start, admin: Admin) -> None:
    desk = start()
    assert NEW not in desk.call("CA1")
    admin.edit(OLD, NEW)
    desk.looks()
    assert NEW in desk.call("CA2")
    assert desk.warnings() == []
    assert [(change.kind.value, change.number) for change in desk.history()] == [("edited", 2), ("edited", 1)]
    desk.looks(5)
    assert len(desk.history()) == 2


def test_a_broken_edit_is_not_heard_and_told_once_whoever_sees_it(start: Start, admin: Admin) -> None:
    admin.edit('name: Lee, number: "+19035550112"', 'name: Lee, lead: true, number: "+19035550112"', "oncall.yml")
    one, two, three = start(), start(), start()
    admin.break_it()
    for process in (one, two, three, one):
        process.looks_long()
    for process in (one, two, three):
        assert OLD in process.call(f"CA{id(process)}")
        (warning,) = process.warnings()
        assert warning.startswith(f"the flow files are refused, version 1 goes on: {WRONG}")
    one.pass_time(2)
    (told,) = one.texts_to(LEE)
    assert told == f"Help desk flow files are refused, version 1 goes on: {WRONG}. See helpline flow check."
    assert one.texts_to(SAM) == one.texts_to(ROBIN) == []
    later = start()  # a restart with the broken files
    later.looks_long()
    one.pass_time(2)
    assert OLD in later.call("CA77")
    assert len(one.texts_to(LEE)) == 1
    assert one.kinds() == ["edited", "refused"]


def test_without_a_lead_everyone_on_duty_hears_of_it_and_that_it_is_right_again(start: Start, admin: Admin) -> None:
    desk = start()
    admin.break_it()
    desk.looks_long()
    admin.edit("next: nowhere", "next: main")
    desk.looks()
    desk.pass_time(3)
    for number in (SAM, LEE, ROBIN):
        refused, right = desk.texts_to(number)
        assert refused.startswith("Help desk flow files are refused")
        assert right == "Help desk flow files are right again. Version 1 is in use."
    assert desk.kinds() == ["edited", "refused", "mended"]
    assert desk.warnings() == []
    assert "helpline_flow_files_refused 0.0" in desk.client.get("/metrics").text
    admin.break_it()  # the same mistake once more is news
    desk.looks_long()
    desk.pass_time(3)
    assert len(desk.texts_to(SAM)) == 3


def test_another_mistake_is_told_and_the_first_one_again_is_not(start: Start, admin: Admin) -> None:
    desk = start()
    for now, following in (("next: main", "next: nowhere"), ("next: nowhere", "next: where"), ("where", "nowhere")):
        admin.edit(f"{now}\n", f"{following}\n")
        desk.looks_long()
        desk.pass_time(2)
    assert [text.split("'")[1] for text in desk.texts_to(SAM)] == ["nowhere", "where"]


def test_advice_of_the_check_refuses_too(start: Start, admin: Admin) -> None:
    """The files would load, and `helpline flow check` exits with 1."""
    desk = start()
    admin.edit('number: "+19035550112"', 'number: "+19035550111"', "oncall.yml")
    desk.looks_long()
    assert "helpline_flow_files_refused 1.0" in desk.client.get("/metrics").text
    (warning,) = desk.warnings()
    assert "oncall.yml:8:25: two people have this number, see line 7" in warning
    assert desk.kinds() == ["edited", "refused"]


def test_a_call_ends_by_the_files_it_began_with_whichever_process_answers(start: Start, admin: Admin) -> None:
    one, two = start(), start()
    one.call("CA1")
    admin.edit("To repeat, press 9.", "To hear this again, press 9.")
    one.looks()
    two.versions.refresh()
    assert "To hear this again" in two.call("CA2")
    three = start()  # never had the old files in memory
    for process, turn in ((two, 1), (three, 2), (one, 3)):
        heard = process.press("9", turn, "CA1")
        assert ("To repeat, press 9." in heard, "To hear this again" in heard) == (True, False), turn
    assert "To hear this again" in three.press("9", 1, "CA2")
    versions = {row.sid: row.flow_version for row in one.rows(Call)}
    assert versions["CA1"] != versions["CA2"]


def test_the_people_of_a_new_version_are_paged_about_a_call_that_began_before(start: Start, admin: Admin) -> None:
    desk = start()
    desk.call("CA1")
    desk.press("2", 1)
    admin.edit('- {name: Robin, number: "+19035550113"}\n', "", "oncall.yml")
    desk.looks()
    desk.hang_up()
    desk.pass_time(30)
    assert len(desk.texts_to(SAM)) == 1
    assert desk.texts_to(ROBIN) == []


def test_a_step_that_the_new_files_do_not_have_is_still_there_for_the_call(start: Start, admin: Admin) -> None:
    desk = start()
    desk.call("CA1")
    words = (admin.folder / "helpdesk.yml").read_text().replace("other_ways", "elsewhere").replace("3: {", "4: {")
    (admin.folder / "helpdesk.yml").write_text(words.replace("press 3", "press 4"))
    desk.looks()
    assert desk.history()[0].kind is FlowChangeKind.EDITED
    assert "portal dot bitscorps dot com" in desk.press("3", 1)


def test_a_piece_of_work_keeps_its_version_to_its_end(start: Start, admin: Admin) -> None:
    desk = start()
    seen = []

    def edited_meanwhile(here: object, _held: object) -> None:
        admin.edit("wait_for_transcript: 20", "wait_for_transcript: 40")
        desk.looks()
        seen.append((here.rules.wait_for_transcript.seconds, desk.desk.latest().rules.wait_for_transcript.seconds))  # type: ignore[attr-defined]

    desk.text(CLIENT, "Server is down")
    (job, *_) = [id_ for name, id_ in desk.queue.jobs.items() if name.startswith("send-text")]
    desk.hands.handlers = dict.fromkeys(desk.hands.handlers, edited_meanwhile)  # type: ignore[arg-type]
    desk.hands.do(job)
    assert seen == [(20, 40)]


def test_a_file_that_is_written_in_two_steps_is_never_looked_at_half(start: Start, admin: Admin) -> None:
    desk = start()
    helpdesk = admin.folder / "helpdesk.yml"
    whole = helpdesk.read_text().replace(OLD, NEW)
    helpdesk.write_text("")
    desk.looks(1)
    helpdesk.write_text(whole[: len(whole) // 2])
    desk.looks(2)  # half of it stays for two looks: wrong, but perhaps not yet saved
    helpdesk.write_text(whole)
    desk.looks()
    assert desk.kinds() == ["edited", "edited"]
    assert NEW in desk.call()


def test_half_a_file_that_would_check_clean_waits_for_the_rest(start: Start, admin: Admin) -> None:
    """Two edits between one look and the next but one: the first of them is never in use."""
    desk = start()
    admin.edit(OLD, NEW)
    desk.looks(1)
    admin.edit(NEW, "Messages are recorded. Second.")
    desk.looks(1)
    assert desk.kinds() == ["edited"]
    desk.looks(1)
    assert desk.kinds() == ["edited", "edited"]
    assert "Second." in desk.call()


def test_a_file_that_vanishes_for_a_moment_is_no_news(start: Start, admin: Admin) -> None:
    desk = start()
    oncall = admin.folder / "oncall.yml"
    oncall.rename(admin.folder / "oncall.yml~")
    desk.looks(3)
    (admin.folder / "oncall.yml~").rename(oncall)
    desk.looks_long()
    assert desk.kinds() == ["edited"]
    assert desk.texts_to(SAM) == []


def test_an_edit_during_the_judgement_is_judged_again(
    start: Start, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = start()
    admin.edit(OLD, NEW)
    desk.looks(1)
    from ivr import flowwatch

    real = flowwatch.judge

    def slow(*args: object, **options: object) -> object:
        found = real(*args, **options)  # type: ignore[arg-type]
        admin.edit(NEW, "Messages are recorded. Third.")
        monkeypatch.setattr(flowwatch, "judge", real)
        return found

    monkeypatch.setattr(flowwatch, "judge", slow)
    desk.looks(1)
    assert desk.kinds() == ["edited"]
    desk.looks()
    assert "Third." in desk.call()
    assert desk.kinds() == ["edited", "edited"]


def test_without_the_database_the_last_version_goes_on_and_the_edit_is_taken_up_later(
    start: Start, admin: Admin
) -> None:
    desk = start()
    admin.edit(OLD, NEW)
    with desk.without_database():
        desk.versions.refresh()
        desk.look()
        with pytest.raises(SQLAlchemyError):
            desk.look()
        assert "Messages are recorded" in desk.call("CA1")
    assert desk.kinds() == ["edited"]
    desk.looks(1)
    assert NEW in desk.call("CA2")


def test_a_death_between_keeping_and_switching_leaves_the_old_version(start: Start, admin: Admin) -> None:
    desk, other = start(), start()

    def die(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO flow_changes"):
            raise KeyboardInterrupt

    admin.edit(OLD, NEW)
    event.listen(desk.desk.database.engine, "before_cursor_execute", die)
    with pytest.raises(KeyboardInterrupt):
        desk.looks()
    event.remove(desk.desk.database.engine, "before_cursor_execute", die)
    other.versions.refresh()
    assert NEW not in other.call("CA1")
    with desk.desk.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(FlowVersion)) == 1
    other.looks()  # another clock leads
    assert NEW in other.call("CA2")


def test_clocks_that_look_in_the_same_moment_make_one_change(start: Start, admin: Admin) -> None:
    desks = [start() for _ in range(3)]
    admin.edit(OLD, NEW)
    for desk in desks:
        desk.look()
    together(*(desk.look for desk in desks))
    assert desks[0].kinds() == ["edited", "edited"]
    for number, desk in enumerate(desks):
        desk.versions.refresh()
        assert NEW in desk.call(f"CA{number}")


def test_processes_that_start_in_the_same_moment_agree_on_the_first_version(
    database_url: str, admin: Admin, world: World
) -> None:
    databases = [db.Database(db.connect(database_url)) for _ in range(4)]
    together(*(partial(ensure_version, one, admin.folder, now=world.now) for one in databases))
    with world.desk.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(FlowVersion)) == 1
        assert session.scalar(select(func.count()).select_from(FlowChange)) == 1
    for one in databases:
        one.engine.dispose()


def test_a_version_that_this_program_cannot_load_changes_nothing(start: Start, admin: Admin) -> None:
    desk = start()
    with desk.desk.database.unit() as unit:
        files = {"helpdesk.yml": "calls: {from: the future}\n"}
        flow_versions.use(unit, "f" * 12, files, kind=FlowChangeKind.EDITED, now=desk.now())
    desk.versions.refresh()
    assert OLD in desk.call()
    later = start()  # starts with what it can load, which then is in use
    assert OLD in later.call("CA2")


def test_a_call_whose_version_is_gone_goes_on_by_the_files_in_use(start: Start, admin: Admin) -> None:
    one = start()
    one.call("CA1")
    with one.desk.database.unit() as unit:
        unit.query(Call).update({"flow_version": "never-kept"})
    assert "press 1" in one.press("9", 1)


def test_nobody_is_told_through_anything_but_the_outbox(start: Start, admin: Admin) -> None:
    """Who texted STOP gets no text about flow files either."""
    desk = start()
    desk.text(SAM, "STOP")
    desk.work()
    admin.break_it()
    desk.looks_long()
    desk.pass_time(3)
    assert desk.texts_to(SAM) == []
    assert [text[:16] for text in desk.texts_to(LEE)] == ["Sam has opted ou", "Help desk flow f"]
    assert [row.purpose for row in desk.rows(Message) if "flow files" in row.body] == ["notice"] * 3


def test_the_files_of_now_are_right_when_they_are_in_use_whatever_a_stricter_check_says(
    start: Start, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = start()
    from flows.problems import Problem
    from ivr import flowwatch

    strict = Problem("helpdesk.yml", 1, 1, "a rule of a newer program", "")
    monkeypatch.setattr(flowwatch, "check", lambda *_, **__: (strict,))
    later = start()
    later.looks_long()
    assert desk.kinds() == ["edited"]
    assert later.warnings() == []


def test_edits_are_told_apart_by_hash_and_shown_by_number(start: Start, admin: Admin) -> None:
    desk = start()
    first = desk.desk.flows.version
    admin.edit(OLD, NEW)
    desk.looks()
    admin.edit(NEW, OLD)
    desk.looks()
    assert [(change.number, change.version == first) for change in desk.history()] == [
        (1, True),
        (2, False),
        (1, True),
    ]
    assert desk.desk.latest().flows.version == first
