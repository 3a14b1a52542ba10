"""A desk starts with flow files that are wrong, or with none: callers are heard all the same, and whoever can be is paged."""

from tests.versions_story import OLD, WRONG, Admin, Start, admin, start
from tests.world import CLIENT, LEE, ROBIN, SAM

__all__ = ["admin", "start"]


def test_broken_files_at_a_restart_leave_the_last_good_version(start: Start, admin: Admin) -> None:
    start()
    admin.break_it()
    later = start()
    assert OLD in later.call()
    later.looks_long()
    assert later.warnings()[0].startswith("the flow files are refused, version 1 goes on")


def test_broken_files_at_the_first_start_give_the_built_in_voicemail_and_page_the_team(
    start: Start, admin: Admin
) -> None:
    admin.break_it()
    desk = start()
    heard = desk.call()
    assert "Please leave your name, your office" in heard
    assert "<Record" in heard
    desk.looks_long()
    (warning,) = desk.warnings()
    assert warning.startswith(f"the flow files are refused, the built-in voicemail answers: {WRONG}")
    desk.recorded()
    desk.post("/twilio/voice/1", CallSid="CA1", From=CLIENT, RecordingSid="RE1", RecordingDuration="12")
    desk.hang_up()
    desk.pass_time(40)
    assert desk.ticket()["client"] == "Hollis & Wade CPA"
    for number in (SAM, LEE, ROBIN):
        refused, page = desk.texts_to(number)
        assert refused.startswith("Help desk flow files are refused, the built-in voicemail answers: ")
        assert page.startswith("URGENT 1001 Hollis & Wade CPA")
    admin.edit("next: nowhere", "next: main")
    desk.looks()
    assert OLD in desk.call("CA2")
    assert desk.kinds() == ["built-in", "refused", "edited"]


def test_no_files_at_all_still_take_a_message(start: Start, admin: Admin) -> None:
    for path in admin.folder.iterdir():
        path.unlink()
    admin.folder.rmdir()
    desk = start()
    assert "<Record" in desk.call()
    desk.recorded()
    desk.post("/twilio/voice/1", CallSid="CA1", From=CLIENT, RecordingSid="RE1", RecordingDuration="12")
    desk.hang_up()
    desk.text(CLIENT, "Server is down")
    desk.pass_time(400)
    assert {ticket["channel"] for ticket in desk.tickets()} >= {"voicemail"}
    desk.looks_long()
    assert "the built-in voicemail answers: helpdesk.yml:1:1: the file does not exist" in desk.warnings()[0]
    assert desk.warnings()[1] == "nobody can be paged: there is no usable oncall.yml"
    assert desk.unfinished() == 0


def test_people_that_are_saved_later_are_told_and_paged(start: Start, admin: Admin) -> None:
    whole = (admin.folder / "oncall.yml").read_text()
    (admin.folder / "oncall.yml").unlink()
    admin.break_it()
    desk = start()
    desk.looks_long()
    (admin.folder / "oncall.yml").write_text(whole)
    desk.looks_long()
    desk.looks(1)
    desk.pass_time(2)
    assert [text[:35] for text in desk.texts_to(SAM)] == ["Help desk flow files are refused, t"]
    desk.call()
    assert len(desk.desk.latest().rules.team) == 3


def test_a_schedule_that_cannot_be_used_leaves_everyone_on_duty(start: Start, admin: Admin) -> None:
    oncall = admin.folder / "oncall.yml"
    oncall.write_text(oncall.read_text() + "shifts:\n  - {days: mon-fri, from: '08:00', to: '17:00', who: Sma}\n")
    desk = start()
    assert [person.name for person in desk.desk.rules.on_duty(desk.now())] == ["Sam", "Lee", "Robin"]
