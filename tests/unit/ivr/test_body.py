"""Forms are read as they were sent: like Werkzeug reads them, and with bytes that it would refuse."""

import base64
import hmac
from io import BytesIO
from urllib.parse import urlencode

import pytest
from flask import Request
from hypothesis import assume, given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.test import EnvironBuilder

from ivr.body import LIMIT, pairs, sent
from tests.world import CLIENT, DESK, PUBLIC, TOKEN, World
from tickets.models import Message

FORM = "application/x-www-form-urlencoded"
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
#: Pieces of bodies that no urlencode makes: blank and bare names, several "=", half an escape, letters as they are.
pieces = st.sampled_from(
    ["&", "=", "+", "%", "%2", "%zz", "%41", "%C3%A9", "%c3%a9", "%25", "a", "B", "7", "é", " ", ";"]
)
bodies = st.one_of(
    st.lists(st.tuples(words, words), max_size=6).map(urlencode), st.lists(pieces, max_size=25).map("".join)
)


def as_werkzeug_reads(body: bytes) -> list[tuple[str, str]]:
    builder = EnvironBuilder(method="POST", input_stream=BytesIO(body), content_length=len(body), content_type=FORM)
    return [(name, value) for name, values in Request(builder.get_environ()).form.lists() for value in values]


@given(bodies)
def test_a_form_is_read_like_werkzeug_reads_it(body: str) -> None:
    mine, theirs = pairs(body.encode()), as_werkzeug_reads(body.encode())
    assume(
        not any("\ud800" <= letter <= "\udfff" for pair in mine for letter in "".join(pair))
    )  # no UTF-8: not the same
    in_their_order = [pair for name in dict(mine) for pair in mine if pair[0] == name]
    assert in_their_order == theirs
    assert sent(body.encode()).fields == dict(reversed(theirs))


@given(st.lists(st.tuples(words, words), max_size=6))
def test_pairs_keep_their_order(form: list[tuple[str, str]]) -> None:
    assert pairs(urlencode(form).encode()) == form


@given(st.binary(max_size=60))
def test_any_bytes_are_read_and_become_text_that_can_be_stored(body: bytes) -> None:
    form = sent(body)
    "".join([*form.fields, *form.fields.values()]).encode()
    form.signed.encode("utf-8", "surrogateescape")


@given(st.dictionaries(words, words, max_size=5))
def test_what_is_signed_is_what_the_carriers_client_signs(form: dict[str, str]) -> None:
    mine = hmac.digest(TOKEN.encode(), (PUBLIC + sent(urlencode(form).encode()).signed).encode(), "sha1")
    assert base64.b64encode(mine).decode() == RequestValidator(TOKEN).compute_signature(PUBLIC, form)


def signed_bytes(url: str, form: dict[bytes, bytes]) -> str:
    text = url.encode() + b"".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(TOKEN.encode(), text, "sha1")).decode()


@pytest.mark.parametrize("port", ["", ":443"], ids=["as configured", "with the port"])
def test_bytes_that_are_no_utf8_are_signed_as_they_are_and_stored_as_question_marks(world: World, port: str) -> None:
    form = {
        b"MessageSid": b"SM1",
        b"From": CLIENT.encode(),
        b"To": DESK.encode(),
        b"Body": b"caf\xe9 \xed\xa0\x80 down",
    }
    answer = world.client.post(
        "/twilio/sms",
        data=urlencode(form),
        content_type=FORM,
        headers={"X-Twilio-Signature": signed_bytes(f"{PUBLIC}{port}/twilio/sms", form)},
    )
    assert answer.status_code == 200
    assert [message.body for message in world.rows(Message) if message.direction == "in"] == [
        "caf\ufffd \ufffd\ufffd\ufffd down"
    ]


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 413)], ids=["the limit", "a byte more"])
@pytest.mark.parametrize("chunked", [True, False], ids=["in chunks", "with its length"])
def test_the_limit_is_the_same_with_and_without_a_length(world: World, chunked: bool, more: int, status: int) -> None:
    form = {"MessageSid": "SM1", "From": CLIENT, "To": DESK, "Body": ""}
    form["Body"] = "x" * (LIMIT - len(urlencode(form)) + more)
    body = urlencode(form).encode()
    answer = world.client.post(
        "/twilio/sms",
        input_stream=BytesIO(body),
        content_type=FORM,
        headers={"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(PUBLIC + "/twilio/sms", form)},
        environ_overrides={"wsgi.input_terminated": True} if chunked else {"CONTENT_LENGTH": str(len(body))},
    )
    assert answer.status_code == status
    assert len([message for message in world.rows(Message) if message.direction == "in"]) == (1 if status == 200 else 0)
