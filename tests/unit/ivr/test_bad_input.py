"""Values that no carrier and no program should send. They may be refused; they never break anything."""

import base64

import pytest

from tests.world import CLIENT, DESK, World
from tickets.models import Call

BEARER = {"Authorization": "Bearer api-token"}
#: Digits that are none, numbers that are too large, a byte that PostgreSQL refuses, and far too much.
ODD = [
    "²", "１", "٣", "①", "½", "-1", "+5", "1e3", "5.0", "0x10", "99999999999999", " 5 ", "", "\x00", "\ud7ff", "a" * 5000,
    "\U0001f525" * 300,
]  # fmt: skip
CALL = {
    "CallSid": "CA1",
    "From": CLIENT,
    "To": DESK,
    "CallStatus": "in-progress",
    "Digits": "1",
    "RecordingSid": "RE1",
    "RecordingDuration": "5",
    "RecordingUrl": "https://api.example.org/RE1",
}
RECORDING = {
    "CallSid": "CA1",
    "RecordingSid": "RE1",
    "RecordingStatus": "completed",
    "RecordingDuration": "5",
    "ErrorCode": "1",
}
TEXT = {
    "MessageSid": "SM1",
    "From": CLIENT,
    "To": DESK,
    "Body": "x",
    "NumMedia": "1",
    "MediaUrl0": "https://api.example.org/ME1",
    "MediaContentType0": "image/png",
    "OptOutType": "",
}
REPORT = {"MessageSid": "SM1", "MessageStatus": "sent", "ErrorCode": "1"}


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/twilio/voice", CALL),
        ("/twilio/voice/1", CALL),
        ("/twilio/voice/99999999999999999999", CALL),
        ("/twilio/voice/without-database/99999999999999999999", CALL),
        ("/twilio/voice/status", CALL),
        ("/twilio/recording", RECORDING),
        ("/twilio/sms", TEXT),
        ("/twilio/sms/status", REPORT),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_webhook_takes_or_refuses_any_value_of_any_parameter(world: World, path: str, form: dict[str, str]) -> None:
    world.call()
    answers = {(name, odd): world.post(path, **{**form, name: odd}) for name in form for odd in ODD}
    assert [key for key, answer in answers.items() if answer.status_code not in (200, 400)] == []


def test_no_value_sends_a_caller_to_the_voicemail_without_database(world: World) -> None:
    names = [name for name in CALL if name != "CallSid"]
    for number, (name, odd) in enumerate((name, odd) for name in names for odd in ODD):
        form = {**CALL, "CallSid": f"CA{number}", name: odd}
        for path in ("/twilio/voice", "/twilio/voice/1", "/twilio/voice/2"):
            world.post(path, **form)
    # A step that the database failed would have been answered, but not remembered.
    answered = {call.sid: sorted(call.turns) for call in world.rows(Call)}
    assert answered == {f"CA{number}": ["0", "1", "2"] for number in range(len(names) * len(ODD))}


def cursor(words: str) -> str:
    return "tickets?cursor=" + base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("recordings/%00", 404),
        ("recordings/RE%00x", 404),
        ("recordings/" + "x" * 900, 404),
        ("tickets/0", 404),
        ("tickets/2147483648", 404),
        ("tickets?since=0001-01-01", 200),
        ("tickets?since=2026-W01-1", 200),
        ("tickets?since=0001-01-01T00:00:00%2B14:00", 400),
        ("tickets?since=9999-12-31T23:59:59-14:00", 400),
        ("tickets?since=%00", 400),
        ("tickets?state=%00", 400),
        ("tickets?limit=%EF%BC%91", 400),
        ("tickets?limit=%C2%B2", 400),
        ("tickets?cursor=%00", 400),
        ("tickets?cursor=" + "A" * 3000, 400),
        (cursor("2026-01-01T00:00:00+00:00|99999999999"), 400),
        (cursor("2026-01-01T00:00:00+00:00|" + "9" * 30), 400),
        (cursor("2026-01-01T00:00:00+00:00|-5"), 400),
        (cursor("0001-01-01T00:00:00+14:00|5"), 400),
    ],
    ids=lambda value: value[:48] if isinstance(value, str) else str(value),
)
def test_the_api_says_what_is_wrong_with_any_parameter(world: World, path: str, status: int) -> None:
    answer = world.client.get(f"/api/v1/{path}", headers=BEARER)
    assert answer.status_code == status
    assert answer.mimetype == ("application/json" if status == 200 else "application/problem+json")
