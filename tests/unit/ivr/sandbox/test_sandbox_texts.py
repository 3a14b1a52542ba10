"""Texts in both directions, through the vendor's own client."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests
from flask import Response
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxConfig, SandboxError
from ivr.sandbox.server import running
from tests.unit.ivr.sandbox.sandbox_helpers import (
    ACCOUNT,
    CLIENT,
    DESK,
    RESUBSCRIBED,
    SAM,
    TOKEN,
    UNSUBSCRIBED,
    Application,
    bodies,
    eventually,
)


def test_a_page_is_queued_sent_and_delivered_with_a_callback_each(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    page = twilio.messages.create(to=SAM, from_=DESK, body="#1042 down", status_callback=application.url + "/st")
    assert (page.status, page.direction, page.num_segments, page.num_media) == ("queued", "outbound-api", "1", "0")
    assert page.sid is not None
    assert page.sid.startswith("SM")
    assert bodies(phones, SAM) == ["#1042 down"]
    reports = sorted((hook.form for hook in application.got("/st", at_least=3)), key=lambda form: form["MessageStatus"])
    assert [form["MessageStatus"] for form in reports] == ["delivered", "sending", "sent"]
    assert reports[0]["MessageSid"] == reports[0]["SmsSid"] == page.sid
    assert (reports[0]["To"], reports[0]["SmsStatus"], len(reports[0]["RawDlrDoneDate"])) == (SAM, "delivered", 10)
    assert "ErrorCode" not in reports[0]
    assert all(hook.signed for hook in application.hooks)
    assert twilio.messages(page.sid).fetch().status == "delivered"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"to": "12345"}, 21211),
        ({"to": "+19030550147"}, 21211),
        ({"from_": "+19035550999"}, 21606),
        ({"to": DESK}, 21266),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
    ],
)
def test_bad_texts_are_refused_with_the_carriers_numbers(twilio: Client, wrong: dict[str, str], code: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        twilio.messages.create(**{"to": SAM, "from_": DESK, "body": "hello", **wrong})
    assert (refused.value.code, refused.value.status) == (code, 400)


def test_wrong_credentials_and_unknown_ids_get_the_carriers_errors(
    url: str, twilio: Client, twilio_at: Callable[..., Client]
) -> None:
    with pytest.raises(TwilioRestException) as refused:
        twilio_at(url, token="wrong").messages.create(to=SAM, from_=DESK, body="hello")
    assert (refused.value.code, refused.value.status) == (20003, 401)
    with pytest.raises(TwilioRestException) as missing:
        twilio.messages("SM" + "0" * 32).fetch()
    assert (missing.value.code, missing.value.status) == (20404, 404)
    body = requests.get(f"{url}/2010-04-01/Accounts/{ACCOUNT}/Nothing.json", auth=(ACCOUNT, TOKEN), timeout=5).json()
    assert body == {
        "code": 20404,
        "message": f"The requested resource /2010-04-01/Accounts/{ACCOUNT}/Nothing.json was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
    }


@pytest.mark.parametrize(
    ("behaviour", "statuses", "error"),
    [
        ({"outcome": "undelivered"}, {"sending", "sent", "undelivered"}, "30003"),
        ({"outcome": "undelivered", "error_code": 30006}, {"sending", "sent", "undelivered"}, "30006"),
        ({"outcome": "failed"}, {"sending", "failed"}, "30007"),
        ({"outcome": "failed", "error_code": 30034}, {"sending", "failed"}, "30034"),
    ],
)
def test_a_text_that_does_not_arrive_says_why(
    *, application: Application, phones: ControlClient, twilio: Client, behaviour: dict[str, object], statuses: set[str],
    error: str,
) -> None:  # fmt: skip
    phones.behave(SAM, **behaviour)
    page = twilio.messages.create(to=SAM, from_=DESK, body="down", status_callback=application.url + "/st")
    reports = {h.form["MessageStatus"]: h.form for h in application.got("/st", at_least=len(statuses))}
    assert set(reports) == statuses
    assert [form["ErrorCode"] for form in reports.values() if "ErrorCode" in form] == [error]
    assert str(twilio.messages(str(page.sid)).fetch().error_code) == error
    assert phones.texts(SAM) == []


def test_without_a_delivery_report_a_text_stays_sent(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    phones.behave(SAM, outcome="no-report")
    page = twilio.messages.create(to=SAM, from_=DESK, body="down", status_callback=application.url + "/st")
    assert bodies(phones, SAM) == ["down"]
    time.sleep(0.1)
    assert {hook.form["MessageStatus"] for hook in application.got("/st", at_least=2)} == {"sending", "sent"}
    assert twilio.messages(str(page.sid)).fetch().status == "sent"


def test_callbacks_can_get_lost_while_the_text_arrives(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    phones.behave(SAM, lost=True)
    page = twilio.messages.create(to=SAM, from_=DESK, body="down", status_callback=application.url + "/st")
    eventually(lambda: twilio.messages(str(page.sid)).fetch().status == "delivered")
    # A second text, whose callbacks do come, shows that those of the first are not merely slow.
    twilio.messages.create(to=CLIENT, from_=DESK, body="up", status_callback=application.url + "/st")
    assert {hook.form["To"] for hook in application.got("/st", at_least=3)} == {CLIENT}
    assert bodies(phones, SAM) == ["down"]


def test_an_ambiguous_timeout_leaves_a_text_that_can_be_looked_up(
    url: str, phones: ControlClient, twilio: Client, twilio_at: Callable[..., Client]
) -> None:
    phones.behave(SAM, slow_post=1.5)
    with pytest.raises(requests.exceptions.ReadTimeout):
        twilio_at(url, timeout=0.5).messages.create(to=SAM, from_=DESK, body="are you there")
    assert bodies(phones, SAM) == ["are you there"]
    since = datetime.now(UTC) - timedelta(minutes=1)
    assert [text.body for text in twilio.messages.list(to=SAM, date_sent_after=since)] == ["are you there"]
    assert twilio.messages.list(to=SAM, date_sent_after=datetime.now(UTC) + timedelta(minutes=1)) == []


def test_refusals_can_be_for_ever_or_for_a_few_times(phones: ControlClient, twilio: Client) -> None:
    phones.behave(SAM, refuse=21610)
    phones.behave(CLIENT, refuse=20500, refuse_times=1)
    for to, code, status in ((SAM, 21610, 400), (SAM, 21610, 400), (CLIENT, 20500, 500)):
        with pytest.raises(TwilioRestException) as refused:
            twilio.messages.create(to=to, from_=DESK, body="hello")
        assert (refused.value.code, refused.value.status) == (code, status)
    assert twilio.messages.create(to=CLIENT, from_=DESK, body="hello").status == "queued"


def test_reports_can_come_in_reverse_doubled_and_late(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    phones.behave(SAM, swapped=True)
    twilio.messages.create(to=SAM, from_=DESK, body="down", status_callback=application.url + "/swapped")
    order = [hook.form["MessageStatus"] for hook in application.got("/swapped", at_least=3)]
    assert order == ["delivered", "sent", "sending"]

    phones.behave(SAM, duplicates=2)
    twilio.messages.create(to=SAM, from_=DESK, body="down", status_callback=application.url + "/doubled")
    doubled = sorted(hook.form["MessageStatus"] for hook in application.got("/doubled", at_least=6))
    assert doubled == ["delivered", "delivered", "sending", "sending", "sent", "sent"]

    phones.behave(SAM, duplicates=3, repeat_after=0.3)
    begun = time.monotonic()
    twilio.messages.create(to=SAM, from_=DESK, body="down", status_callback=application.url + "/again")
    again = sorted(hook.form["MessageStatus"] for hook in application.got("/again", at_least=9))
    assert again == ["delivered"] * 3 + ["sending"] * 3 + ["sent"] * 3
    assert time.monotonic() - begun > 0.6

    phones.behave(SAM, late=0.4)
    begun = time.monotonic()
    twilio.messages.create(to=SAM, from_=DESK, body="down", status_callback=application.url + "/late")
    application.got("/late", at_least=3)
    assert time.monotonic() - begun > 0.4


def test_a_behaviour_that_does_not_exist_is_explained(phones: ControlClient) -> None:
    with pytest.raises(
        SandboxError, match=r"Behaviour has no field 'speed'. Fields: answers, call_error, duplicates, "
    ):
        phones.behave(SAM, speed=1)
    with pytest.raises(SandboxError, match="'outcome' is one of delivered, undelivered, failed, no-report, not 'lost'"):
        phones.behave(SAM, outcome="lost")


def test_a_text_to_the_desk_reaches_it_and_is_answered(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    application.answers = {
        "/twilio/sms": f'<Response><Message>Got it.</Message><Message to="{SAM}"><Body>New</Body></Message></Response>'
    }
    sid = phones.text(CLIENT, "the server is down")
    assert bodies(phones, CLIENT) == ["Got it."]
    assert bodies(phones, SAM) == ["New"]
    hook = application.got("/twilio/sms")[0]
    assert hook.signed
    assert {name: hook.form[name] for name in ("MessageSid", "SmsSid", "Body", "NumMedia", "From", "To", "SmsStatus")} == {
        "MessageSid": sid, "SmsSid": sid, "Body": "the server is down", "NumMedia": "0", "From": CLIENT, "To": DESK,
        "SmsStatus": "received",
    }  # fmt: skip
    assert {text.direction for text in twilio.messages.list()} == {"inbound", "outbound-reply"}


def test_an_application_that_fails_answers_nothing(application: Application, phones: ControlClient) -> None:
    application.answers = {"/twilio/sms": lambda _form: Response("no", status=503)}
    phones.text(CLIENT, "hello?")
    note = eventually(lambda: [hook["note"] for hook in phones.webhooks() if hook["state"] == "failed"])
    assert note == [f"11217: HTTP 503 from {application.url}/twilio/sms; no fallback URL, nothing was sent"]
    assert len(application.got("/twilio/sms")) == 1


def test_stop_start_and_help_are_answered_by_the_carrier_and_passed_on(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    application.answers = {"/twilio/sms": lambda form: f"<Response><Message>app: {form['Body']}</Message></Response>"}
    phones.text(CLIENT, "Stop")
    assert bodies(phones, CLIENT) == [UNSUBSCRIBED]
    with pytest.raises(TwilioRestException) as refused:
        twilio.messages.create(to=CLIENT, from_=DESK, body="one more thing")
    assert refused.value.code == 21610
    for word in ("help", "STOP"):
        phones.text(CLIENT, word)
    application.got("/twilio/sms", at_least=3)
    # The application's own replies to a blocked number never leave.
    eventually(lambda: sum("21610" in hook["note"] for hook in phones.webhooks()) == 3)
    assert bodies(phones, CLIENT) == [UNSUBSCRIBED]

    phones.text(CLIENT, "START")
    assert bodies(phones, CLIENT, at_least=3) == [UNSUBSCRIBED, RESUBSCRIBED, "app: START"]
    phones.text(CLIENT, "info")
    assert bodies(phones, CLIENT, at_least=5)[3:] == [
        "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
        "app: info",
    ]


@pytest.mark.parametrize("words", ["Stop.", "opt out", "stop please", "stop by at 3"])
def test_what_is_not_exactly_a_keyword_is_an_ordinary_text(
    application: Application, phones: ControlClient, twilio: Client, words: str
) -> None:
    phones.text(CLIENT, words)
    application.got("/twilio/sms")
    assert twilio.messages.create(to=CLIENT, from_=DESK, body="still on").status == "queued"
    assert bodies(phones, CLIENT) == ["still on"]


def test_with_keywords_off_the_application_is_alone(application: Application, config: SandboxConfig) -> None:
    with running(replace(config, keywords=False)) as url:
        phones = ControlClient(url)
        application.answers = {"/twilio/sms": "<Response><Message>We stopped.</Message></Response>"}
        phones.text(CLIENT, "STOP")
        assert bodies(phones, CLIENT) == ["We stopped."]


def test_texts_can_be_redacted_and_deleted_once_they_are_through(
    config: SandboxConfig, twilio_at: Callable[..., Client]
) -> None:
    # As fast as life, so that the text is still on its way when it is deleted for the first time.
    with running(replace(config, speed=1)) as url:
        redact_and_delete(twilio_at(url))


def redact_and_delete(twilio: Client) -> None:
    page = str(twilio.messages.create(to=SAM, from_=DESK, body="secret").sid)
    with pytest.raises(TwilioRestException) as too_early:
        twilio.messages(page).delete()
    assert too_early.value.status == 409
    eventually(lambda: twilio.messages(page).fetch().status == "delivered")
    assert twilio.messages(page).update(body="").body == ""
    assert twilio.messages(page).delete() is True
    assert twilio.messages.list() == []


def test_lists_are_paged_newest_first_and_filtered(phones: ControlClient, twilio: Client) -> None:
    for number in range(5):
        twilio.messages.create(to=SAM if number % 2 else CLIENT, from_=DESK, body=f"text {number}")
    assert [text.body for text in twilio.messages.list(page_size=2)] == [
        "text 4",
        "text 3",
        "text 2",
        "text 1",
        "text 0",
    ]
    assert [text.body for text in twilio.messages.list(to=SAM, limit=1)] == ["text 3"]
    first = twilio.messages.page(page_size=2)
    second = first.next_page()
    assert second is not None
    assert [text.body for text in second] == ["text 2", "text 1"]
    assert second.previous_page_url is not None


def test_the_number_shows_and_changes_where_its_webhooks_go(application: Application, twilio: Client) -> None:
    number = twilio.incoming_phone_numbers.list(phone_number=DESK)[0]
    assert (number.voice_url, number.sms_url, number.status_callback) == (
        application.url + "/twilio/voice", application.url + "/twilio/sms", application.url + "/twilio/voice/status",
    )  # fmt: skip
    assert twilio.incoming_phone_numbers(str(number.sid)).update(sms_url="https://example.com/x").sms_url == (
        "https://example.com/x"
    )
    assert twilio.incoming_phone_numbers.list(phone_number="+19035550000") == []
    assert twilio.api.accounts(ACCOUNT).fetch().status == "active"


def test_a_text_through_a_messaging_service_is_accepted_first(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    page = twilio.messages.create(
        to=SAM, messaging_service_sid="MG" + "1" * 32, body="down", status_callback=application.url + "/st"
    )
    assert page.status == "accepted"
    reports = application.got("/st", at_least=3)
    assert {hook.form["MessagingServiceSid"] for hook in reports} == {"MG" + "1" * 32}
    assert {hook.form["From"] for hook in reports} == {DESK}
