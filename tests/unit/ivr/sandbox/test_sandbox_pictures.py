"""Pictures of texts: how they are announced, the way to their bytes, and what can go wrong on it."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests
from twilio.rest import Client

from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxError
from tests.unit.ivr.sandbox.sandbox_helpers import ACCOUNT, CLIENT, TOKEN, Application, eventually

BASIC = (ACCOUNT, TOKEN)
PNG = b"\x89PNG one"


def addresses(application: Application, url: str) -> list[str]:
    """Where the pictures of the first text are, at this sandbox."""
    form = application.got("/twilio/sms")[0].form
    named = [form[f"MediaUrl{index}"] for index in range(int(form["NumMedia"]))]
    return [address.replace("https://api.twilio.com", url) for address in named]


def way_to(address: str) -> str:
    """The signed address that the API redirects to."""
    return requests.get(address, auth=BASIC, timeout=5, allow_redirects=False).headers["Location"]


def test_pictures_are_fetched_by_a_redirect_once_they_are_there(
    application: Application, url: str, phones: ControlClient, twilio: Client
) -> None:
    phones.behave(CLIENT, media_missing=1)
    sid = phones.text(CLIENT, "", media=[("a.png", PNG, "image/png"), ("b.jpg", b"two", "image/jpeg")])
    form = application.got("/twilio/sms")[0].form
    assert sid.startswith("MM")
    assert (form["NumMedia"], form["Body"], form["MediaContentType0"], form["MediaContentType1"]) == (
        "2", "", "image/png", "image/jpeg",
    )  # fmt: skip
    assert form["MediaUrl0"].startswith(f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}/Media/ME")
    address = form["MediaUrl0"].replace("https://api.twilio.com", url)
    assert requests.get(address, auth=BASIC, timeout=5).status_code == 404
    eventually(lambda: requests.get(address, auth=BASIC, timeout=5).status_code == 200)
    assert requests.get(address, timeout=5).status_code == 401
    moved = requests.get(address, auth=BASIC, timeout=5, allow_redirects=False)
    assert moved.status_code == 307
    # The signed address is on another host, and lets nobody in without the signature.
    there = moved.headers["Location"]
    assert (urlsplit(url).hostname, urlsplit(there).hostname) == ("127.0.0.1", "localhost")
    picture = requests.get(there, timeout=5)
    assert (picture.content, picture.headers["Content-Type"]) == (PNG, "image/png")
    assert requests.get(there + "0", timeout=5).status_code == 403
    assert [item.content_type for item in twilio.messages(sid).media.list()] == ["image/png", "image/jpeg"]
    twilio.messages(sid).media(form["MediaUrl0"].rpartition("/")[2]).delete()
    assert requests.get(address, auth=BASIC, timeout=5).status_code == 404


def test_who_shows_credentials_to_the_host_of_the_bytes_is_turned_away(
    application: Application, url: str, phones: ControlClient
) -> None:
    phones.text(CLIENT, "look", media=[("a.png", PNG, "image/png")])
    there = way_to(addresses(application, url)[0])
    told = requests.get(there, auth=BASIC, timeout=5)
    assert (told.status_code, told.json()["message"]) == (
        400,
        "Only one way of authentication is allowed: the signature of the address",
    )
    assert requests.get(there, timeout=5).content == PNG


def test_a_text_carries_ten_files_and_no_more(application: Application, url: str, phones: ControlClient) -> None:
    ten = [(f"{number}.png", PNG + bytes([number]), "image/png") for number in range(10)]
    with pytest.raises(SandboxError, match="A text carries at most 10 files"):
        phones.text(CLIENT, "eleven", media=[*ten, ("11.png", PNG, "image/png")])
    sid = phones.text(CLIENT, "ten", media=ten)
    form = application.got("/twilio/sms")[0].form
    assert (form["NumMedia"], form["Body"]) == ("10", "ten")
    assert form["MediaUrl9"].startswith(f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}/Media/ME")
    assert "MediaUrl10" not in form
    assert [requests.get(a, auth=BASIC, timeout=5).content[-1] for a in addresses(application, url)] == list(range(10))


def test_a_picture_can_be_something_else_than_it_says(
    application: Application, url: str, phones: ControlClient, twilio: Client
) -> None:
    sid = phones.text(CLIENT, "", media=[("a.png", b"<html><script>boo</script></html>", "image/png")])
    [address] = addresses(application, url)
    assert application.got("/twilio/sms")[0].form["MediaContentType0"] == "image/png"
    picture = requests.get(address, auth=BASIC, timeout=5)
    assert (picture.content, picture.headers["Content-Type"]) == (b"<html><script>boo</script></html>", "image/png")
    assert twilio.messages(sid).media(address.rpartition("/")[2]).fetch().content_type == "image/png"


def test_a_picture_can_be_huge_without_saying_so(application: Application, url: str, phones: ControlClient) -> None:
    phones.behave(CLIENT, picture_bytes=20_000_000)
    phones.text(CLIENT, "", media=[("a.png", PNG, "image/png")])
    picture = requests.get(addresses(application, url)[0], auth=BASIC, timeout=20)
    assert "Content-Length" not in picture.headers
    assert (len(picture.content), picture.content[:8], set(picture.content[8:])) == (20_000_000, PNG, {0})


def test_a_picture_can_come_slowly(application: Application, url: str, phones: ControlClient) -> None:
    phones.behave(CLIENT, picture_slow=1)
    phones.text(CLIENT, "", media=[("a.png", bytes(1000), "image/png")])
    with requests.get(addresses(application, url)[0], auth=BASIC, timeout=5, stream=True) as picture:
        first = picture.raw.read1(1000)
        rest = picture.raw.read()
    # Ten pieces, a tenth of a second apart: the first read cannot have got them all.
    assert 0 < len(first) < 1000
    assert first + rest == bytes(1000)


def test_a_pictures_address_can_answer_an_error(application: Application, url: str, phones: ControlClient) -> None:
    phones.behave(CLIENT, picture_refuse=503)
    phones.text(CLIENT, "", media=[("a.png", PNG, "image/png")])
    [address] = addresses(application, url)
    assert requests.get(address, auth=BASIC, timeout=5).status_code == 503
    phones.behave(CLIENT)
    assert requests.get(address, auth=BASIC, timeout=5).content == PNG
