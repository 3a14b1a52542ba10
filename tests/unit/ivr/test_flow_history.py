"""`helpline flow history` and `helpline flow rollback`, and what else a terminal says of the versions of the flow files."""

import json
import os
from pathlib import Path

import pytest

from ivr.checks import Trouble, flow_version
from ivr.commands.failures import Failure
from ivr.commands.flowdiff import print_differences
from ivr.commands.flowhistory import print_history, roll_back, what_changed
from ivr.commands.oncall import print_oncall
from ivr.up import _flow_warning
from tests.versions_story import NEW, OLD, Admin, Process, Start, admin, start, together
from tests.world import ROBIN, SAM

__all__ = ["admin", "start"]

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def edited(start: Start, admin: Admin, monkeypatch: pytest.MonkeyPatch) -> Process:
    """A desk on its second version."""
    monkeypatch.setenv("LOGNAME", "robin")
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    desk = start()
    admin.edit(OLD, NEW)
    admin.edit("- {name: Robin", "- {name: Rob", "oncall.yml")
    desk.looks()
    return desk


def test_the_history_says_when_who_and_what(edited: Process, admin: Admin, capsys: Captured) -> None:
    admin.break_it()
    edited.looks_long()
    capsys.readouterr()
    assert print_history(edited.settings, as_json=False) == 0
    head, refused, second, first, hint = capsys.readouterr().out.splitlines()
    assert head.split() == ["Version", "Hash", "When", "Who", "What"]
    assert "refused: helpdesk.yml:31:13: there is no step 'nowhere' (and 1 more)" in refused
    version = edited.desk.latest().flows.version
    # Times are those of the desk's zone.
    assert second.split() == [
        *["*", "2", version[:7], "2026-11-23", "08:05", "unknown"],
        *["helpdesk.yml", "+1", "-1,", "oncall.yml", "+1", "-1"],
    ]
    assert first.split()[-3:] == ["the", "first", "version"]
    assert hint == "* is in use. Back to an earlier one: helpline flow rollback VERSION"


def test_versions_are_compared_by_what_people_notice(edited: Process, admin: Admin, capsys: Captured) -> None:
    def differences(old: str, new: str | None = None) -> list[str]:
        capsys.readouterr()
        wanted = Path(new) if new else None
        assert print_differences(Path(old), wanted, settings=lambda: edited.settings, as_json=False) == 0
        return capsys.readouterr().out.splitlines()

    now = edited.desk.latest().flows.version
    told = differences("1")
    assert "  Robin is no longer on the team: no pages, no calls, and texts from +19035550113 are a client's." in told
    assert told == differences("1", now[:7]) == differences("1", str(admin.folder))
    assert differences("2") == ["Nothing that a caller, a client or the team would notice."]
    with pytest.raises(Failure, match='"77" is no folder and no version'):
        differences("77")


def test_the_history_for_programs(edited: Process, capsys: Captured) -> None:
    capsys.readouterr()
    assert print_history(edited.settings, as_json=True) == 0
    second, first = json.loads(capsys.readouterr().out)["versions"]
    assert second == {
        "version": 2,
        "hash": edited.desk.latest().flows.version,
        "at": "2026-11-23T14:05:13Z",
        "by": None,
        "kind": "edited",
        "what": "helpdesk.yml +1 -1, oncall.yml +1 -1",
        "in_use": True,
        "files": ["clients.yml", "helpdesk.yml", "oncall.yml", "texts.es.yml"],
        "problem": None,
    }
    assert (first["version"], first["in_use"]) == (1, False)


def test_a_rollback_puts_the_files_back_for_every_process(
    edited: Process, start: Start, admin: Admin, capsys: Captured
) -> None:
    other = start()
    (admin.folder / "notes.txt").write_text("ours")
    capsys.readouterr()
    assert roll_back(edited.settings, None, to=None) == 0
    told = capsys.readouterr().out.splitlines()
    version = edited.history()[0].version
    assert told == [
        f"written     {admin.folder}/helpdesk.yml",
        f"written     {admin.folder}/oncall.yml",
        f"Version 1 ({version}) is in use. New calls hear it within seconds.",
    ]
    for number, process in enumerate((edited, other)):
        process.versions.refresh()
        assert NEW not in process.call(f"CA{number}")
    edited.looks_long()  # the files are that version: nothing follows
    assert [(change.kind.value, change.number, change.by) for change in edited.history()] == [
        ("rolled-back", 1, "robin"),
        ("edited", 2, None),
        ("edited", 1, None),
    ]
    assert (admin.folder / "notes.txt").read_text() == "ours"
    assert sorted(path.name for path in admin.folder.iterdir()) == [
        *["clients.yml", "helpdesk.yml", "notes.txt", "oncall.yml", "texts.es.yml"]
    ]
    assert roll_back(edited.settings, None, to=None) == 0  # and once more undoes that
    edited.versions.refresh()
    assert NEW in edited.call("CA9")


def test_a_rollback_of_a_refused_edit_keeps_a_copy_of_it(edited: Process, admin: Admin, capsys: Captured) -> None:
    admin.break_it()
    (admin.folder / "texts.fr.yml").write_text("help: pas encore fini")
    broken = (admin.folder / "helpdesk.yml").read_text()
    edited.looks_long()
    capsys.readouterr()
    assert roll_back(edited.settings, None, to=None, now=edited.now()) == 0
    assert capsys.readouterr().out.splitlines()[:-1] == [
        f"written     {admin.folder}/helpdesk.yml",
        f"taken away  {admin.folder}/texts.fr.yml",
        f"kept        {admin.folder}/helpdesk.yml.before-rollback (what was there)",
        f"kept        {admin.folder}/texts.fr.yml.before-rollback (what was there)",
    ]
    assert (admin.folder / "helpdesk.yml.before-rollback").read_text() == broken
    assert NEW in (admin.folder / "helpdesk.yml").read_text()
    assert what_changed(edited.history()[0]) == "rolled back: the refused edit"
    assert edited.warnings() == []
    edited.looks_long()
    edited.pass_time(3)
    assert [text[:40] for text in edited.texts_to(SAM)] == [
        "Help desk flow files are refused, versio",
        "Help desk flow files are right again. Ve",
    ]
    assert len(edited.texts_to(ROBIN)) == 2


def test_a_rollback_before_the_edit_was_looked_at_undoes_that_edit(edited: Process, admin: Admin) -> None:
    admin.edit("press 9", "press nine")
    assert roll_back(edited.settings, None, to=None) == 0
    assert "press nine" not in (admin.folder / "helpdesk.yml").read_text()
    edited.looks_long()
    assert [change.number for change in edited.history()] == [2, 1]


def test_a_rollback_at_the_moment_of_a_look_wins(edited: Process, start: Start, admin: Admin) -> None:
    """Whichever of the two is first, files and version are those of the rollback afterwards."""
    other = start()
    admin.edit("press 9", "press nine")
    other.looks(1)
    together(other.look, lambda: roll_back(edited.settings, None, to=None))
    for _ in range(8):
        other.look()
    assert "press nine" not in (admin.folder / "helpdesk.yml").read_text()
    other.versions.refresh()
    assert "press nine" not in other.call()
    assert other.warnings() == []


def test_a_version_is_named_by_number_or_hash(edited: Process, admin: Admin) -> None:
    first = edited.history()[-1].version
    assert first is not None
    assert roll_back(edited.settings, first[:7], to=None) == 0
    assert roll_back(edited.settings, "2", to=None) == 0
    assert [change.number for change in edited.history()] == [2, 1, 2, 1]
    with pytest.raises(Failure, match=r'there is no version "12". helpline flow history lists them.') as wrong:
        roll_back(edited.settings, "12", to=None)
    assert wrong.value.code == 2


def test_without_an_earlier_version_there_is_nothing_to_go_back_to(start: Start, admin: Admin) -> None:
    desk = start()
    with pytest.raises(Failure, match="there is no earlier version"):
        roll_back(desk.settings, None, to=None)


def test_there_is_no_file_of_the_built_in_voicemail_to_go_back_to(start: Start, admin: Admin) -> None:
    """The desk began in an empty folder; its files came later."""
    files = {path: path.read_bytes() for path in admin.folder.glob("*.yml")}
    for path in files:
        path.unlink()
    desk = start()
    desk.looks_long()
    for path, content in files.items():
        path.write_bytes(content)
    desk.looks()
    assert next(change.number for change in desk.history() if change.number) == 2
    with pytest.raises(Failure, match="version 1 is the built-in voicemail, which has no files"):
        roll_back(desk.settings, "1", to=None)
    assert {path: path.read_bytes() for path in admin.folder.glob("*.yml")} == files


def test_a_folder_that_cannot_be_written_is_refused_with_a_way_out(
    edited: Process, admin: Admin, tmp_path: Path
) -> None:
    settings = edited.settings.model_copy(update={"flows_dir": Path("/proc/helpline/flows")})
    with pytest.raises(Failure) as wrong:
        roll_back(settings, "1", to=None)
    assert wrong.value.message == (
        "FLOWS_DIR: /proc/helpline/flows cannot be written (No such file or directory); nothing was changed. Run this as the "
        "user who may write it, or take the files with `helpline flow rollback 1 --to FOLDER` and put them there yourself."
    )
    assert [change.number for change in edited.history()] == [2, 1]
    assert roll_back(settings, "1", to=tmp_path / "out") == 0
    assert OLD in (tmp_path / "out" / "helpdesk.yml").read_text()
    assert [change.number for change in edited.history()] == [2, 1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_stays_as_it_is(edited: Process, admin: Admin) -> None:
    admin.folder.chmod(0o555)
    try:
        with pytest.raises(Failure, match=r"cannot be written \(Permission denied\); nothing was changed"):
            roll_back(edited.settings, "1", to=None)
    finally:
        admin.folder.chmod(0o755)
    assert NEW in (admin.folder / "helpdesk.yml").read_text()


def test_files_that_are_put_back_have_the_rights_of_those_before(edited: Process, admin: Admin) -> None:
    (admin.folder / "helpdesk.yml").chmod(0o640)
    (admin.folder / "clients.yml").unlink()
    before = os.umask(0o077)
    try:
        assert roll_back(edited.settings, "1", to=None) == 0
    finally:
        os.umask(before)
    modes = [(admin.folder / name).stat().st_mode & 0o777 for name in ("helpdesk.yml", "clients.yml")]
    assert modes == [0o640, 0o644]


def test_line_ends_survive(start: Start, admin: Admin) -> None:
    oncall = admin.folder / "oncall.yml"
    windows = oncall.read_bytes().replace(b"\n", b"\r\n")
    oncall.write_bytes(windows)
    desk = start()
    oncall.write_bytes(windows.replace(b"\r\n", b"\n"))
    desk.looks()
    assert roll_back(desk.settings, "1", to=None) == 0
    assert oncall.read_bytes() == windows
    desk.looks_long()
    assert [change.number for change in desk.history()] == [1, 2, 1]


def test_the_doctor_says_which_version_is_in_use(edited: Process, admin: Admin) -> None:
    version = edited.desk.latest().flows.version
    assert flow_version(edited.settings) == f"version 2 ({version}) is in use"
    admin.edit("press 9", "press nine")
    with pytest.raises(Trouble, match="the files are not in use, version 2 goes on") as trouble:
        flow_version(edited.settings)
    assert trouble.value.mend.endswith("is it running?")
    admin.break_it()
    edited.looks_long()
    with pytest.raises(Trouble, match="the files are refused, version 2 goes on: helpdesk"):
        flow_version(edited.settings)


def test_up_takes_edits_into_use_and_shouts_about_broken_ones(edited: Process, admin: Admin) -> None:
    admin.edit("press 9", "press nine")
    assert _flow_warning(edited.settings) == ""
    edited.versions.refresh()
    assert "press nine" in edited.call("CA1")
    admin.break_it()
    assert _flow_warning(edited.settings).splitlines() == [
        f"The flow files in {admin.folder} are wrong, version 3 goes on:",
        "  helpdesk.yml:31:13: there is no step 'nowhere' (and 1 more)",
        "  `helpline flow check` shows every problem; what is right is picked up without a restart.",
    ]
    edited.versions.refresh()
    assert "press nine" in edited.call("CA2")


def test_who_is_on_call_is_still_answered_while_an_edit_is_broken(
    edited: Process, admin: Admin, capsys: Captured
) -> None:
    (admin.folder / "oncall.yml").write_text("team: nobody")
    edited.looks_long()
    capsys.readouterr()
    assert print_oncall(edited.settings, None, whole_week=False, as_json=False) == 0
    told = capsys.readouterr()
    assert "  Rob  903-555-0113" in told.out
    assert told.err.startswith("The flow files are refused (oncall.yml:1:7: ")
