"""What is not the carrier's, or not whole, is rejected with a reason, and nothing changes."""

from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

import pytest
from prometheus_client import REGISTRY
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from tests.world import CLIENT, DESK, PUBLIC, TOKEN, World
from tickets.models import Call, Message

FORM = {"CallSid": "CA1", "From": CLIENT, "To": DESK, "CallStatus": "ringing"}
PATHS = [
    "/twilio/voice",
    "/twilio/voice/3",
    "/twilio/voice/status",
    "/twilio/recording",
    "/twilio/sms",
    "/twilio/sms/status",
    "/twilio/leg/1/0",
    "/twilio/leg/1/status",
    "/twilio/room/1",
]


def rejected(reason: str) -> float:
    return REGISTRY.get_sample_value("helpline_webhooks_rejected_total", {"reason": reason}) or 0.0


@pytest.mark.parametrize("path", [*PATHS, "/twilio/anything"])
def test_an_unsigned_request_is_refused_everywhere(world: World, path: str) -> None:
    before = rejected("unsigned")
    assert world.client.post(path, data=FORM).status_code == 403
    assert world.client.post(path, data=FORM, headers={"X-Twilio-Signature": ""}).status_code == 403
    assert rejected("unsigned") == before + 2
    assert world.rows(Call) == []


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_signature_is_refused(world: World, path: str) -> None:
    before = rejected("wrong-signature")
    assert world.post(path, token="another token", **FORM).status_code == 403
    assert rejected("wrong-signature") == before + 1
    assert world.rows(Call) == []


def test_a_changed_parameter_breaks_the_signature(world: World) -> None:
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + "/twilio/voice", FORM)
    headers = {"X-Twilio-Signature": signature}
    assert world.client.post("/twilio/voice", data={**FORM, "From": "+1900"}, headers=headers).status_code == 403
    assert world.client.post("/twilio/voice", data=FORM, headers=headers).status_code == 200


def test_the_secondary_token_counts_while_rotating(database_url: str, tmp_path: Path) -> None:
    world = World(database_url, tmp_path, TWILIO_AUTH_TOKEN_SECONDARY="the-new-token")
    assert world.post("/twilio/voice", token="the-new-token", **FORM).status_code == 200
    assert world.post("/twilio/voice", **FORM).status_code == 200
    assert world.post("/twilio/voice", token="an-old-token", **FORM).status_code == 403
    world.close()


def test_extra_blank_and_repeated_parameters_are_signed_and_accepted(world: World) -> None:
    form = MultiDict([*FORM.items(), ("FromCity", ""), ("Digits", "1"), ("Digits", "2"), ("Nuevo", "caf\u00e9")])
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + "/twilio/voice", form)
    answer = world.client.post("/twilio/voice", data=form, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 200


def test_a_query_is_part_of_what_is_signed(world: World) -> None:
    url = "/twilio/voice?x=caf%C3%A9&y=1"
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + url, FORM)
    assert world.client.post(url, data=FORM, headers={"X-Twilio-Signature": signature}).status_code == 200
    assert world.client.post(url + "1", data=FORM, headers={"X-Twilio-Signature": signature}).status_code == 403


def test_the_host_header_does_not_choose_what_is_checked(world: World) -> None:
    evil = RequestValidator(TOKEN).compute_signature("https://evil.example/twilio/voice", FORM)
    headers = {"X-Twilio-Signature": evil, "Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    assert world.client.post("/twilio/voice", data=FORM, headers=headers).status_code == 403


@pytest.mark.parametrize("size", [300_000, 2_000_000], ids=["a little too large", "far too large"])
def test_an_oversized_request_is_not_read(world: World, size: int) -> None:
    before = rejected("too-large")
    assert world.post("/twilio/sms", MessageSid="SM1", From=CLIENT, To=DESK, Body="x" * size).status_code == 413
    assert rejected("too-large") == before + 1
    assert world.rows(Message) == []


def test_an_oversized_request_in_chunks_is_read_up_to_the_limit_only(world: World) -> None:
    before = rejected("too-large")
    form = {"MessageSid": "SM1", "From": CLIENT, "To": DESK, "Body": "x" * 2_000_000}
    body = BytesIO(urlencode(form).encode())
    answer = world.client.post(
        "/twilio/sms",
        input_stream=body,
        content_type="application/x-www-form-urlencoded",
        headers={
            "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(PUBLIC + "/twilio/sms", form),
            "Transfer-Encoding": "chunked",
        },
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (answer.status_code, answer.text) == (413, "rejected: too-large\n")
    assert rejected("too-large") == before + 1
    assert body.tell() == 256 * 1024 + 1
    assert world.rows(Message) == []


@pytest.mark.parametrize("mimetype", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_other_content_types_are_refused(world: World, mimetype: str) -> None:
    answer = world.client.post("/twilio/voice", data=b"{}", content_type=mimetype, headers={"X-Twilio-Signature": "x"})
    assert answer.status_code == 403


@pytest.mark.parametrize("path", PATHS)
def test_a_signed_request_without_its_ids_is_malformed(world: World, path: str) -> None:
    answer = world.post(path, Something="else")
    assert (answer.status_code, answer.text) == (400, "rejected: malformed\n")
    assert world.rows(Call) == []


def test_bytes_that_are_no_utf8_are_refused_like_any_wrong_signature(world: World) -> None:
    answer = world.client.post(
        "/twilio/sms",
        data=b"Body=%ff%fe&From=%2B1&MessageSid=SM1",
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
    )
    assert answer.status_code == 403


def test_nul_and_endless_values_are_stored_cut(world: World) -> None:
    long = {"CallSid": "CA\x00" + "1" * 500, "From": "+1" + "9" * 500, "To": "x" * 500, "CallStatus": "y" * 500}
    assert world.post("/twilio/voice", **long).status_code == 200
    assert world.post("/twilio/voice/status", **long).status_code == 200
    text = {"MessageSid": "S" * 500, "From": "\x00" + "z" * 500, "To": "\x00", "Body": "\x00" * 9, "NumMedia": "99999"}
    assert world.post("/twilio/sms", **text).status_code == 200
    assert world.post("/twilio/sms/status", MessageSid="S" * 500, MessageStatus="\x00" + "q" * 99).status_code == 200


def test_get_is_not_answered(world: World) -> None:
    assert world.client.get("/twilio/voice").status_code == 403


def test_connection_overrides_are_not_signed_and_do_no_harm_where_they_are(world: World) -> None:
    event = {"CallSid": "CA1", "RecordingSid": "RE1", "RecordingStatus": "in-progress"}
    for url in ("/twilio/recording", "/twilio/recording#rc=3&rp=all"):
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC + url, event)
        headers = {"X-Twilio-Signature": signature}
        assert world.client.post("/twilio/recording", data=event, headers=headers).status_code == 200
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + "/twilio/voice#rc=3&rp=all", FORM)
    headers = {"X-Twilio-Signature": signature}
    assert world.client.post("/twilio/voice", data=FORM, headers=headers).status_code == 403
