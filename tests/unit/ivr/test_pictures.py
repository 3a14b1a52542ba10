"""Pictures and files that come with texts: fetched, kept, shown; what cannot be had is said and never dropped."""

import io
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import event

from ivr.jobs import MOST_ATTEMPTS
from ivr.lookups import reconcile
from tests.fake_pictures import named, picture
from tests.unit.ivr.picture_story import LINK, PNG, get, said, send, shown, unfinished
from tests.world import CLIENT, DESK, LEE, SAM, World, edited_flows
from tickets import work
from tickets.arrival import InboundText
from tickets.models import Media, Work
from tickets.sms import segments
from tickets.states import WorkKind, WorkState


def test_every_picture_of_a_text_is_kept_and_shown_in_the_ticket(world: World) -> None:
    jpeg = picture("JPEG")
    send(world, ("ME1", "image/png", PNG), ("ME2", "image/jpeg", jpeg), ("ME3", "text/vcard", b"BEGIN:VCARD\nN:Dana\n"))
    assert [one["state"] for one in shown(world)] == ["pending"] * 3
    world.work()
    one, two, three = shown(world)
    assert one == {
        "id": 1,
        "type": "image/png",
        "url": "/api/v1/media/1",
        "thumbnail": "/api/v1/media/1/thumbnail",
        "state": "stored",
        "bytes": len(PNG),
        "problem": None,
    }
    assert (two["type"], two["thumbnail"]) == ("image/jpeg", "/api/v1/media/2/thumbnail")
    assert (three["type"], three["thumbnail"], three["problem"]) == ("text/vcard", None, None)
    with closing(get(world, two["url"])) as original, closing(get(world, two["thumbnail"])) as small:
        assert (original.data, original.mimetype) == (jpeg, "image/jpeg")
        assert Image.open(io.BytesIO(small.data)).size == (640, 213)
    assert said(world) == []
    assert unfinished(world) == []


def test_the_page_does_not_wait_for_the_pictures_and_links_to_them(world: World) -> None:
    send(world, ("ME1", "image/png", None), ("ME2", "image/png", None), body="Server is down")
    world.work()
    (page,) = world.texts_to(SAM)
    assert page.startswith(f"URGENT 1001 Hollis & Wade CPA 903-555-0160: Server is down. 2 pictures: {LINK}")
    assert page.endswith(" Reply ACK 1001 to take it.")
    assert [one["state"] for one in shown(world)] == ["pending", "pending"]


def test_a_picture_alone_opens_a_ticket_and_its_page_says_so(world: World) -> None:
    send(world, ("ME1", "image/png", PNG), body="")
    world.work()
    assert world.ticket()["subject"] == "Picture"
    assert f"903-555-0160: (no words) 1 picture: {LINK}" in world.texts_to(SAM)[0]


def test_the_owner_gets_the_link_with_what_the_client_adds(world: World) -> None:
    world.text(CLIENT, "Server is down")
    world.work()
    world.text(SAM, "ack")
    send(world, ("ME1", "image/png", PNG), body="now it says this")
    world.work()
    assert " says: now it says this. 1 picture: https://desk.example.org/look/" in world.texts_to(SAM)[-1]
    assert "/look/" not in " ".join(world.texts_to(LEE))


@pytest.mark.parametrize(
    "body", ["я" * 1600, "\U0001f525", "\U0001f525 it burns", "x" * 1600, "e" * 250 + "\U0001f525"]
)
def test_pages_with_pictures_stay_within_two_segments(world: World, body: str) -> None:
    send(world, ("ME1", "image/png", PNG), body=body)
    world.work()
    (page,) = world.texts_to(SAM)
    assert segments(page) <= 2
    assert "1 picture" in page
    assert page.endswith("Reply ACK 1001 to take it.")


def test_the_same_webhook_again_fetches_nothing_again(world: World) -> None:
    send(world, ("ME1", "image/png", PNG))
    world.work()
    send(world, ("ME2", "image/png", PNG))
    world.work()
    assert world.carrier.asked == ["picture MM1 ME1"]
    assert len(shown(world)) == 1


def test_whatever_host_the_webhook_names_the_carrier_is_asked_by_the_ids(world: World) -> None:
    world.carrier.pictures["MM1", "ME1"] = ("image/png", PNG)
    form = named(("ME1", "image/png"), host="https://evil.example:8443")
    world.text(CLIENT, "x", sid="MM1", **form)
    world.work()
    assert world.carrier.asked == ["picture MM1 ME1"]
    assert shown(world)[0]["state"] == "stored"
    assert "evil" not in str(world.ticket())


def test_the_same_picture_named_twice_is_one(world: World) -> None:
    send(world, ("ME1", "image/png", PNG), ("ME1", "image/png", PNG))
    world.work()
    assert [one["url"] for one in shown(world)] == ["/api/v1/media/1"]


def test_a_picture_that_is_not_there_yet_is_fetched_when_it_is(world: World) -> None:
    send(world, ("ME1", "image/png", None))
    world.pass_time(10)
    assert shown(world)[0]["state"] == "pending"
    world.carrier.pictures["MM1", "ME1"] = ("image/png", PNG)
    world.pass_time(20)
    assert shown(world)[0]["state"] == "stored"
    assert said(world) == []


def test_a_picture_that_never_comes_is_marked_and_the_ticket_says_so(world: World) -> None:
    send(world, ("ME1", "image/png", None), ("ME2", "image/png", PNG))
    world.pass_time(3600, step=5)
    missing, stored = shown(world)
    assert (missing["state"], missing["problem"]) == ("missing", "picture ME1 is not at the carrier (404)")
    assert stored["state"] == "stored"
    assert said(world) == ["Picture 1 could not be had: picture ME1 is not at the carrier (404)"]
    assert len(world.texts_to(SAM)) == 1
    answer = get(world, "/api/v1/media/1")
    assert answer.status_code == 404
    assert answer.get_json()["detail"] == "This is not here: picture ME1 is not at the carrier (404)"


def test_a_carrier_that_is_down_for_a_day_is_given_up(world: World) -> None:
    send(world, ("ME1", "image/png", PNG))
    world.carrier.down = True
    world.pass_time(23 * 3600, step=300)
    assert shown(world)[0]["state"] == "pending"
    world.pass_time(2 * 3600, step=300)
    assert (shown(world)[0]["state"], shown(world)[0]["problem"]) == ("missing", "the carrier did not answer")


def test_a_picture_over_the_limit_is_refused_and_the_others_are_kept(database_url: str, tmp_path: Path) -> None:
    flows = edited_flows(tmp_path, "helpdesk.yml", "max_megabytes: 10,", "max_megabytes: 1,")
    world = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    send(world, ("ME1", "video/mp4", b"\0" * 1_000_001), ("ME2", "image/png", PNG))
    world.work()
    assert [(one["state"], one["problem"]) for one in shown(world)] == [
        ("refused", "larger than 1 MB"),
        ("stored", None),
    ]
    assert said(world) == ["Picture 1 was refused: larger than 1 MB"]
    world.close()


def test_of_fifty_pictures_the_first_ten_are_fetched_and_the_others_are_written_down(world: World) -> None:
    send(world, *((f"ME{number}", "image/png", PNG) for number in range(50)))
    world.work()
    media = shown(world)
    assert [one["state"] for one in media] == ["stored"] * 10 + ["refused"] * 40
    assert media[10]["problem"] == "only the first 10 of a text are kept"
    assert said(world) == [
        "50 pictures came with a text: only the first 10 of a text are kept, the others were not fetched"
    ]
    assert len(world.carrier.asked) == 10


def test_a_count_beyond_all_measure_is_no_harm(world: World) -> None:
    world.text(CLIENT, "x", NumMedia="9" * 5000)
    world.text(CLIENT, "x", NumMedia="-1")
    world.text(CLIENT, "x", NumMedia="two")
    assert [len(message["media"]) for message in world.ticket()["messages"] if message["direction"] == "in"] == [
        500,
        0,
        0,
    ]


def test_an_error_page_in_the_carriers_place_is_not_taken_for_the_picture(world: World) -> None:
    send(world, ("ME1", "image/png", None))
    world.carrier.pictures["MM1", "ME1"] = ("text/html", b"<html>Bad gateway</html>")
    world.pass_time(3)
    world.carrier.pictures["MM1", "ME1"] = ("image/png", PNG)
    world.pass_time(10)
    assert (shown(world)[0]["type"], shown(world)[0]["bytes"]) == ("image/png", len(PNG))


# --- texts that were found at the carrier ------------------------------------------------------------------------


def test_pictures_of_a_text_whose_webhook_never_came_are_not_lost(world: World) -> None:
    world.carrier.texts = [InboundText("MM1", CLIENT, DESK, "Server is down", media=(("", ""),) * 2)]
    world.carrier.listed["MM1"] = [("image/png", "ME1"), ("image/jpeg", "ME2")]
    world.carrier.pictures = {("MM1", "ME1"): ("image/png", PNG), ("MM1", "ME2"): ("image/jpeg", picture("JPEG"))}
    reconcile(world.desk)
    world.work()
    assert [(one["state"], one["type"]) for one in shown(world)] == [("stored", "image/png"), ("stored", "image/jpeg")]
    assert f"Server is down. 2 pictures: {LINK}" in world.texts_to(SAM)[0]
    assert reconcile(world.desk) == 0


def test_a_list_that_comes_late_or_is_too_short_is_asked_again(world: World) -> None:
    world.text(CLIENT, "x", sid="MM1", NumMedia="2")
    world.carrier.pictures["MM1", "ME1"] = ("image/png", PNG)
    world.pass_time(2)
    assert [one["state"] for one in shown(world)] == ["pending", "pending"]
    world.carrier.listed["MM1"] = [("image/png", "ME1")]
    world.pass_time(3600, step=5)
    assert [one["state"] for one in shown(world)] == ["stored", "missing"]
    assert said(world) == ["Picture 2 could not be had: the carrier lists fewer pictures with this text (404)"]


# --- workers that die --------------------------------------------------------------------------------------------


def test_a_worker_that_dies_with_the_file_stored_and_not_written_down_loses_nothing(world: World) -> None:
    send(world, ("ME1", "image/png", PNG))
    real = world.blobs.put

    def stored_and_killed(chunks: Iterable[bytes], *, limit: int) -> Any:
        real(chunks, limit=limit)
        raise SystemExit

    for kind in (WorkKind.FETCH_PICTURE, WorkKind.MAKE_THUMBNAIL):
        world.blobs.put = stored_and_killed  # type: ignore[method-assign]
        with pytest.raises(SystemExit):
            world.hands.do(_due(world, kind)[0][0])
        world.blobs.put = real  # type: ignore[method-assign]
        world.hands.do(_due(world, kind)[0][0])  # another worker has to wait until the lease is over
        assert len(unfinished(world)) == 1
        world.now.moment += timedelta(seconds=work.LEASE + 1)
        world.hands.do(_due(world, kind)[0][0])
    assert shown(world)[0]["thumbnail"] is not None
    assert unfinished(world) == []


def _killed(*_: str) -> Any:
    raise SystemExit


def _due(world: World, kind: WorkKind) -> list[tuple[int, int]]:
    return [(row.id, row.attempts) for row in world.rows(Work) if row.kind == kind]


def test_a_picture_that_kills_its_worker_is_given_up_and_stays_a_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.fetching_pictures.thumbnail", _killed)
    send(world, ("ME1", "image/png", PNG))
    deaths = 0
    for _ in range(300):
        try:
            world.pass_time(1)
        except SystemExit:
            deaths += 1
    assert deaths == MOST_ATTEMPTS[WorkKind.MAKE_THUMBNAIL] == 3
    (one,) = shown(world)
    assert (one["state"], one["thumbnail"]) == ("stored", None)
    assert one["problem"] == "no preview: given up after 3 attempts"
    assert said(world) == ["Picture 1 has no preview: given up after 3 attempts. It is kept as a file"]
    assert [row.state for row in world.rows(Work) if row.kind == WorkKind.MAKE_THUMBNAIL] == [WorkState.DEAD]


def test_a_store_that_does_not_answer_delays_a_picture_and_is_no_fault_of_it(world: World) -> None:
    world.blobs.error = OSError("disk full")
    send(world, ("ME1", "image/png", PNG))
    world.pass_time(120)
    world.blobs.error = None
    world.pass_time(400)
    assert shown(world)[0]["thumbnail"] is not None
    world.blobs.error = OSError("disk away")
    send(world, ("ME2", "image/png", PNG), sid="MM2")
    world.pass_time(60)
    assert [row.problem for row in world.rows(Media)] == [None, None]


def test_a_store_that_goes_away_between_file_and_thumbnail_delays_the_thumbnail(world: World) -> None:
    send(world, ("ME1", "image/png", PNG))
    world.hands.do(_due(world, WorkKind.FETCH_PICTURE)[0][0])
    world.blobs.error = OSError("disk away")
    world.pass_time(60)
    assert (shown(world)[0]["state"], shown(world)[0]["thumbnail"], shown(world)[0]["problem"]) == (
        "stored",
        None,
        None,
    )
    world.blobs.error = None
    world.pass_time(60)
    assert shown(world)[0]["thumbnail"] is not None


def test_no_transaction_is_open_while_the_carrier_is_asked(world: World) -> None:
    send(world, ("ME1", "image/png", PNG))
    begun: list[int] = []
    engine = world.desk.database.engine
    event.listen(engine, "begin", lambda _: begun.append(1))
    for ending in ("commit", "rollback"):
        event.listen(engine, ending, lambda _: begun.append(-1))
    open_now: list[int] = []
    real = world.carrier.open_picture

    def asked(message_sid: str, sid: str) -> Any:
        open_now.append(sum(begun))
        return real(message_sid, sid)

    world.carrier.open_picture = asked  # type: ignore[method-assign]
    world.work()
    assert open_now == [0]
