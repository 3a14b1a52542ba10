"""The sound files of the flow: served to whoever asks, and nothing else of the machine with them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.sounds import LARGEST, ringing
from tests.world import World, quiet_flows

HELLO = b"RIFF" + bytes(3000)


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    """Flow files, with sounds beside them."""
    folder = tmp_path / "flows"
    shutil.copytree(quiet_flows(tmp_path), folder)
    (folder / "sounds").mkdir()
    (folder / "sounds" / "hello.wav").write_bytes(HELLO)
    (folder / "sounds" / "Welcome-2.mp3").write_bytes(b"ID3")
    return folder


@pytest.fixture
def world(database_url: str, tmp_path: Path, flows: Path) -> Iterator[World]:
    made = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("name", "content", "kind"), [("hello.wav", HELLO, "audio/wav"), ("Welcome-2.mp3", b"ID3", "audio/mpeg")]
)
def test_a_file_of_the_folder_is_public_and_may_be_kept(*, world: World, name: str, content: bytes, kind: str) -> None:
    answer = world.client.get(f"/sounds/{name}")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, kind, content)
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = world.client.get(f"/sounds/{name}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    part = world.client.get(f"/sounds/{name}", headers={"Range": "bytes=0-1"})
    assert (part.status_code, part.data) == (206, content[:2])


def test_another_file_of_the_same_name_is_heard(world: World, flows: Path) -> None:
    before = world.client.get("/sounds/hello.wav").headers["ETag"]
    (flows / "sounds" / "hello.wav").write_bytes(b"RIFF" + bytes(2999) + b"x")
    answer = world.client.get("/sounds/hello.wav", headers={"If-None-Match": before})
    assert (answer.status_code, answer.data[-1:]) == (200, b"x")


@pytest.mark.parametrize(
    "name",
    [
        "absent.wav",
        "hello.WAV",
        "hello",
        "hello.txt",
        ".hidden.wav",
        "-dash.wav",
        "two.dots.wav",
        "..%2fhelpdesk.yml",
        "../helpdesk.yml",
        "%2e%2e/helpdesk.yml",
        "..%5csounds%5chello.wav",
        "hello.wav%00.wav",
        "hello.wav%0a",
        "sub/hello.wav",
        "folder.wav",
        "",
    ],
)
def test_no_other_name_is_served(world: World, flows: Path, name: str) -> None:
    (flows / "sounds" / "folder.wav").mkdir()
    for other in ("hello.txt", ".hidden.wav", "-dash.wav", "two.dots.wav", "hello"):
        (flows / "sounds" / other).write_bytes(b"secret")
    (flows / "sounds" / "sub").mkdir()
    (flows / "sounds" / "sub" / "hello.wav").write_bytes(b"secret")
    answer = world.client.get(f"/sounds/{name}")
    assert answer.status_code in (404, 308)
    assert b"secret" not in answer.data
    assert b"calls:" not in answer.data


def test_what_is_too_large_for_a_telephone_is_not_served(world: World, flows: Path) -> None:
    for size, status in ((LARGEST, 200), (LARGEST + 1, 404)):
        with (flows / "sounds" / "long.wav").open("wb") as file:
            file.truncate(size)
        assert world.client.get("/sounds/long.wav").status_code == status


def test_the_ringing_tone_is_always_our_own(world: World, flows: Path) -> None:
    (flows / "sounds" / "ringing.wav").write_bytes(b"not ours")
    answer = world.client.get("/sounds/ringing.wav")
    assert (answer.data, answer.headers["Cache-Control"]) == (ringing(), "public, max-age=86400")


def test_without_the_folder_there_are_no_sounds(world: World, flows: Path) -> None:
    shutil.rmtree(flows / "sounds")
    assert world.client.get("/sounds/hello.wav").status_code == 404


def test_files_can_be_asked_for_only(world: World) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert world.client.open("/sounds/hello.wav", method=method).status_code == 405
