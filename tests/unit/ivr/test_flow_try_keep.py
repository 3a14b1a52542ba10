"""A walk that is kept as a test: once, where tests are looked for, and never over anything else."""

import os
from pathlib import Path

import pytest

from ivr.cli import run
from tests.trying_story import Typed, desk, typed

__all__ = ["desk", "typed"]


def test_a_name_is_kept_once(typed: Typed, desk: Path) -> None:
    code, _, err = typed("--at", "2026-11-24 10:00", "--keys", "1,save a: b,2,1,save a: b,save c")
    assert code == 1
    assert err.splitlines()[-1] == (
        f"Not possible: not saved: {desk}/tests/tried.yml has a test of this name; take another one"
    )
    assert run(["flow", "test", str(desk)]) == 0


def test_a_kept_walk_has_the_rights_of_the_flow_files(typed: Typed, desk: Path) -> None:
    (desk / "helpdesk.yml").chmod(0o640)
    assert typed("--as", "withheld", "--keys", "1", "--save", "a.yml")[0] == 0
    file = desk / "tests" / "a.yml"
    assert file.stat().st_mode & 0o777 == 0o640
    assert "    as: withheld\n" in file.read_text(encoding="utf-8")
    assert [path.name for path in file.parent.iterdir()] == ["a.yml"]


def test_a_place_that_cannot_be_written_is_one_line(typed: Typed, desk: Path) -> None:
    (desk / "tests").write_text("a file where the folder should be")
    code, _, err = typed("--keys", "1", "--save", "a.yml")
    assert (code, err) == (1, "Not possible: not saved: File exists\n")


@pytest.mark.parametrize("content", ["Prüfung".encode("latin-1"), "tests: []\n".encode("utf-16"), b"# x\n" * 70000])
def test_a_file_that_cannot_be_read_is_not_written_over(typed: Typed, desk: Path, content: bytes) -> None:
    """An editor may have saved it in another encoding: the tests in it are somebody's work."""
    file = desk / "tests" / "old.yml"
    file.parent.mkdir()
    file.write_bytes(content)
    code, out, err = typed("--keys", "1", "--save", "old.yml")
    assert (code, "Saved" in out) == (1, False)
    assert err.startswith(f"Not possible: not saved: {file} has mistakes, mend them first:\n{file}:1:")
    assert file.read_bytes() == content


def test_what_is_no_file_is_not_replaced_by_one(typed: Typed, desk: Path) -> None:
    """As root, a rename takes the place of a device."""
    pipe, lost, folder = (desk / "tests" / f"{name}.yml" for name in ("pipe", "lost", "folder"))
    folder.mkdir(parents=True)
    os.mkfifo(pipe)
    lost.symlink_to("nowhere.yml")
    for path in (pipe, lost, folder):
        assert typed("--keys", "1", "--save", path.name)[0] == 1
    assert (pipe.is_fifo(), lost.is_symlink(), folder.is_dir()) == (True, True, True)
    assert not (desk / "tests" / "nowhere.yml").exists()


def test_a_file_behind_a_link_gets_the_test_and_the_link_stays(typed: Typed, desk: Path) -> None:
    kept, link = desk / "kept.yml", desk / "tests" / "link.yml"
    kept.write_text("")
    link.parent.mkdir()
    link.symlink_to(kept)
    assert typed("--keys", "1", "--save", "link.yml")[0] == 0
    assert link.is_symlink()
    assert kept.read_text(encoding="utf-8").count("- name:") == 1


@pytest.mark.parametrize("name", ["a", "", "a.yaml"])
def test_a_test_is_kept_where_tests_are_looked_for(typed: Typed, name: str) -> None:
    message = "Error: --save: the name of a file of tests ends in .yml: tried.yml\n"
    assert typed("--keys", "1", "--save", name) == (2, "", message)


def test_a_test_elsewhere_is_said_to_be_run_later(typed: Typed, desk: Path) -> None:
    code, out, _ = typed("--keys", "1", "--save", str(desk / "a.yml"))
    assert code == 0
    assert out.splitlines()[-1].endswith(f"`helpline flow test` runs it once it is in {desk}/tests.")
