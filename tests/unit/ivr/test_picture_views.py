"""What staff and other programs see of pictures: never anything that a browser could run."""

from contextlib import closing
from datetime import timedelta

import pytest

from tests.fake_pictures import bomb, named
from tests.unit.ivr.picture_story import HTML, PNG, get, link_in, said, send, shown
from tests.world import STRANGER, World
from tickets.models import Media


@pytest.mark.parametrize("served", ["image/png", "text/html; charset=utf-8"])
def test_a_picture_that_is_a_web_page_is_a_file_and_never_a_picture(world: World, served: str) -> None:
    send(world, ("ME1", "image/png", None))
    world.carrier.pictures["MM1", "ME1"] = (served, HTML)
    world.pass_time(15)
    (one,) = shown(world)
    assert (one["state"], one["type"], one["thumbnail"]) == ("stored", "text/html", None)
    assert one["problem"] == "announced as image/png, but it is text/html"
    assert said(world) == ["Picture 1 is no picture: announced as image/png, but it is text/html. It is kept as a file"]
    with closing(get(world, one["url"])) as answer:
        assert (answer.data, answer.mimetype) == (HTML, "application/octet-stream")
        assert answer.headers["Content-Disposition"] == "attachment; filename=picture-1.txt"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_web_page_that_says_so_is_taken_at_once(world: World) -> None:
    send(world, ("ME1", "text/html", HTML))
    world.work()
    assert (shown(world)[0]["type"], shown(world)[0]["problem"]) == ("text/html", None)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (bomb(30_000, 30_000), "no preview: more than 50 million pixels"),
        (PNG[: len(PNG) // 2], "no preview: the picture is damaged or cut off"),
    ],
    ids=["bomb", "cut off"],
)
def test_a_picture_that_cannot_be_decoded_is_a_file_without_preview(world: World, content: bytes, problem: str) -> None:
    send(world, ("ME1", "image/png", content))
    world.work()
    (one,) = shown(world)
    assert (one["state"], one["type"], one["thumbnail"], one["problem"]) == ("stored", "image/png", None, problem)
    assert said(world) == [f"Picture 1 has {problem}. It is kept as a file"]
    with closing(get(world, one["url"])) as answer:
        assert answer.data == content
        assert answer.headers["Content-Disposition"] == "attachment; filename=picture-1.png"
    answer = get(world, "/api/v1/media/1/thumbnail")
    assert (answer.status_code, answer.get_json()["detail"]) == (404, problem)


def test_a_picture_of_a_telephone_that_we_cannot_decode_is_a_file(world: World) -> None:
    send(world, ("ME1", "image/heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100))
    world.work()
    assert (shown(world)[0]["type"], shown(world)[0]["problem"]) == ("image/heic", "no preview of image/heic")


@pytest.mark.parametrize(
    ("content", "kind", "disposition", "policy"),
    [
        (PNG, "image/png", "inline; filename=picture-1.png", "default-src 'none'; sandbox"),
        (b"%PDF-1.7\n", "application/pdf", "attachment; filename=picture-1.pdf", "default-src 'none'; sandbox"),
        (b"<svg/>", "application/octet-stream", "attachment; filename=picture-1.txt", "default-src 'none'; sandbox"),
        (
            b"PK\x03\x04",
            "application/octet-stream",
            "attachment; filename=picture-1.bin",
            "default-src 'none'; sandbox",
        ),
        (b"log line 1", "text/plain", "attachment; filename=picture-1.txt", "default-src 'none'; sandbox"),
        (
            b"#!AMR\n\x3c",
            "audio/amr",
            "inline; filename=picture-1.amr",
            "default-src 'none'; media-src 'self'; sandbox",
        ),
    ],
    ids=["picture", "pdf", "svg", "zip", "text", "sound"],
)
def test_only_what_is_harmless_is_shown_in_a_browser(
    world: World, content: bytes, kind: str, disposition: str, policy: str
) -> None:
    send(world, ("ME1", "image/png", content))
    world.work()
    with closing(get(world, "/api/v1/media/1")) as answer:
        assert (answer.data, answer.mimetype) == (content, kind)
        assert answer.headers["Content-Disposition"] == disposition
        assert answer.headers["Content-Security-Policy"] == policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_file_can_be_asked_for_in_parts(world: World) -> None:
    send(world, ("ME1", "image/png", PNG))
    world.work()
    with closing(get(world, "/api/v1/media/1", Range="bytes=1-3")) as part:
        assert (part.status_code, part.data) == (206, b"PNG")
        assert part.headers["Content-Range"] == f"bytes 1-3/{len(PNG)}"
    assert get(world, "/api/v1/media/1", Range="bytes=9999999-").status_code == 416


def test_the_link_shows_what_came_with_the_text(world: World) -> None:
    send(world, ("ME1", "image/png", PNG), ("ME2", "image/png", HTML), ("ME3", "image/png", None))
    world.work()
    link = link_in(world)
    answer = world.client.get(link)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert f'<li><a href="{link}/1"><img src="{link}/1/small" alt="Picture 1"></a></li>' in answer.text
    assert f'<a href="{link}/2">text/html 53 bytes</a><br>announced as image/png, but it is text/html' in answer.text
    assert "<li>This is being fetched. Please try again in a moment.</li>" in answer.text
    assert "<h1>Ticket 1001</h1>" in answer.text
    assert "<script" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; img-src 'self'; style-src 'sha256-"
    )
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    with closing(world.client.get(f"{link}/1")) as whole, closing(world.client.get(f"{link}/1/small")) as small:
        assert (whole.data, whole.mimetype) == (PNG, "image/png")
        assert small.mimetype == "image/jpeg"
    with closing(world.client.get(f"{link}/2")) as page:
        assert page.headers["Content-Disposition"] == "attachment; filename=picture-2.txt"
    assert [world.client.get(f"{link}/{rest}").status_code for rest in ("3", "4", "0", "2/small", "x")] == [404] * 5


def test_a_link_is_good_for_seven_days_and_for_one_text(world: World) -> None:
    send(world, ("ME1", "image/png", PNG))
    send(world, ("ME2", "image/png", HTML), sid="MM2")
    world.work()
    link = link_in(world)
    token = link.rpartition("/")[2]
    number, hours, tag = token.split(".")
    for forged in (
        f"{int(number, 16) + 1:x}.{hours}.{tag}",
        f"{number}.fffff.{tag}",
        "x",
        "1..",
        f"{number}.{hours}.é",
    ):
        assert world.client.get(f"/look/{forged}").status_code == 404
    assert world.client.get(f"/listen/{token}").status_code == 404
    sound = world.desk.links.listen(number, world.now()).rpartition("/")[2]
    assert world.client.get(f"/look/{sound}").status_code == 404
    world.now.moment += timedelta(days=6, hours=23)
    assert world.client.get(link).status_code == 200
    world.now.moment += timedelta(hours=1)
    assert world.client.get(link).status_code == 404
    assert world.client.get(f"{link}/1").status_code == 404


def test_words_from_outside_are_escaped_on_the_page(world: World) -> None:
    world.text(STRANGER, "x", sid="MM1", **named(("<b>", "image/png")))
    world.carrier.pictures["MM1", "<b>"] = ("image/png", b"hello")
    world.work()
    with world.desk.database.unit() as unit:
        unit.get_one(Media, 1).problem = "<script>alert(1)</script>"
    assert "<br>&lt;script&gt;alert(1)&lt;/script&gt;" in world.client.get(link_in(world)).text
