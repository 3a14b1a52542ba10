"""Pictures in the terminal telephone, and those that are shipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from ivr.commands.telephone import SAMPLES
from ivr.phone import Phone, list_pictures
from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxError
from tests.unit.ivr.sandbox.sandbox_helpers import ACCOUNT, CLIENT, DESK, TOKEN, eventually
from tests.unit.ivr.telephone import STAFF, Desk, Fingers, desk_at, some_samples


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_at(tmp_path) as made:
        yield made


@pytest.fixture
def fingers(desk: Desk, tmp_path: Path) -> Iterator[Fingers]:
    made = Fingers(desk, some_samples(tmp_path))
    yield made
    if made.code == -1:
        made.end()


@dataclass
class Picture:
    """What the desk was told of a picture, and its bytes."""

    body: str
    kind: str
    data: bytes


def pictures_at(desk: Desk, *, at_least: int) -> list[Picture]:
    """The picture texts that reached the desk, by their words."""
    with requests.Session() as api:
        api.auth = (ACCOUNT, TOKEN)
        eventually(lambda: len(desk.pictures) >= at_least)
        return sorted(
            (
                Picture(
                    form["Body"],
                    form["MediaContentType0"],
                    api.get(form["MediaUrl0"].replace("https://api.twilio.com", desk.sandbox), timeout=5).content,
                )
                for form in desk.pictures
            ),
            key=lambda picture: picture.body,
        )


def test_a_client_texts_pictures_with_words_and_without(fingers: Fingers, desk: Desk, tmp_path: Path) -> None:
    fingers.sees("Pictures to text: 1 bluescreen  2 rack")
    odd = tmp_path / "my screen.gif"
    odd.write_bytes(b"GIF89a")
    fingers.type("p 1 it's blue: all of it")
    fingers.sees("you (text) | it's blue: all of it [picture bluescreen.png, 14 bytes]")
    fingers.type("p 2")
    fingers.sees("you (text) | [picture rack.jpg, 8 bytes]")
    fingers.type(f"p '{odd}' quoted")
    fingers.sees("you (text) | quoted [picture my screen.gif, 6 bytes]")
    fingers.type(f"p {str(odd).replace(' ', chr(92) + ' ')} dropped on the terminal")
    fingers.sees("you (text) | dropped on the terminal [picture my screen.gif, 6 bytes]")
    assert pictures_at(desk, at_least=4) == [
        Picture("", "image/jpeg", b"rack.jpg"),
        Picture("dropped on the terminal", "image/gif", b"GIF89a"),
        Picture("it's blue: all of it", "image/png", b"bluescreen.png"),
        Picture("quoted", "image/gif", b"GIF89a"),
    ]


def test_a_file_that_is_no_picture_is_sent_as_what_it_is(fingers: Fingers, desk: Desk, tmp_path: Path) -> None:
    strange = tmp_path / "error.unheardof"
    strange.write_bytes(b"?")
    fingers.sees("For an emergency press 1.")
    fingers.type(f"p {strange}")
    assert pictures_at(desk, at_least=1) == [Picture("", "application/octet-stream", b"?")]


def test_a_picture_that_arrives_is_shown_by_its_address(fingers: Fingers, desk: Desk) -> None:
    fingers.sees("For an emergency press 1.")
    requests.post(
        f"{desk.sandbox}/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
        data={"To": CLIENT, "From": DESK, "Body": "like this", "MediaUrl": "https://example.com/plug.png"},
        auth=(ACCOUNT, TOKEN),
        timeout=5,
    ).raise_for_status()
    fingers.sees("your phone | like this [picture https://example.com/plug.png]")


def test_without_samples_a_picture_needs_a_file(desk: Desk, tmp_path: Path) -> None:
    phone = Phone(ControlClient(desk.sandbox), CLIENT, None, [], STAFF)
    with pytest.raises(SandboxError, match=r"^Which picture\? p my.png sends a file, p my.png WORDS adds the words.$"):
        phone.obey("p")
    with pytest.raises(SandboxError, match=r"^There are no pictures here. Give the path of a file.$"):
        phone.obey("p 1")


def test_the_pictures_that_are_shipped_are_small_and_one_of_them_tells_where_it_was_taken() -> None:
    shipped = {path.name: path.read_bytes() for path in list_pictures(SAMPLES)}
    assert list(shipped) == ["bluescreen.png", "rack.jpg"]
    assert all(len(data) < 60_000 for data in shipped.values())
    assert shipped["bluescreen.png"].startswith(b"\x89PNG\r\n\x1a\n")
    # A JPEG with an Exif part right at its beginning: device, and the pointer to the place (tag 8825, big-endian).
    photo = shipped["rack.jpg"]
    assert photo.startswith(b"\xff\xd8\xff")
    assert b"Exif\0\0MM\0*" in photo[:40]
    assert b"Pocket Camera 3" in photo[:400]
    assert b"\x88\x25\x00\x04" in photo[:400]
