"""Pictures over the carrier's own HTTP: announced, fetched by a worker, made small, and seen by a tap on the page's link."""

import io

import pytest
import requests
from PIL import Image

from tests.fake_pictures import picture
from tests.smoke.desk import SAM, Desk, until

pytestmark = [pytest.mark.smoke, pytest.mark.xdist_group("story")]
STRANGER = "+19035550199"


def test_a_photograph_of_an_error_message_reaches_the_team(desk: Desk) -> None:
    photograph = picture("JPEG", (3000, 2000))
    desk.phones.text(STRANGER, "It says this", media=[("IMG_1.jpg", photograph, "image/jpeg")])
    page = until(
        lambda: next((text for text in desk.texts(SAM) if "It says this" in text), None), within=30, what="a page"
    )
    number = int(page.split()[1])

    def small() -> bytes | None:
        (media,) = desk.ticket(number)["messages"][0]["media"]
        return desk.get(media["thumbnail"]).content if media["thumbnail"] else None

    thumbnail = until(small, within=30, what="a thumbnail")
    assert Image.open(io.BytesIO(thumbnail)).size == (640, 427)
    link = next(word for word in page.split() if "/look/" in word)
    assert '/small" alt="Picture 1"></a></li></ol>' in requests.get(link, timeout=10).text
    assert requests.get(f"{link}/1", timeout=10).content == photograph
    assert requests.get(f"{link[:-4]}xxxx", timeout=10).status_code == 404
