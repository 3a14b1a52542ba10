"""What can be switched on for the account: keywords, later refusals, the rate of a long code and its queue."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import pytest
import requests
from sqlalchemy import create_engine, text
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxConfig, SandboxError
from ivr.sandbox.server import running
from tests.unit.ivr.sandbox.sandbox_helpers import (
    CLIENT,
    DESK,
    RESUBSCRIBED,
    SAM,
    UNSUBSCRIBED,
    Application,
    bodies,
    eventually,
    story,
)  # fmt: skip

LEE = "+19035550102"
SERVICE = "MG" + "1" * 32
USUAL = {
    "keywords": "carrier", "blocked_texts": None, "segments_per_second": None, "queue_limit": None, "speed": None,
}  # fmt: skip


def opt_out_types(application: Application, *, at_least: int) -> dict[str, str | None]:
    """What the carrier told the application about each text, by its words."""
    return {h.form["Body"]: h.form.get("OptOutType") for h in application.got("/twilio/sms", at_least=at_least)}


def failed_with(twilio: Client, sid: str | None) -> int | None:
    """The error of a text, once it has failed."""
    eventually(lambda: twilio.messages(str(sid)).fetch().status == "failed")
    return twilio.messages(str(sid)).fetch().error_code


# -- keywords --------------------------------------------------------------------------------------------------------


def test_with_advanced_opt_out_the_carrier_says_what_it_answered(
    application: Application, phones: ControlClient
) -> None:
    phones.account(keywords="advanced")
    for words in ("STOP", "start", "Info", "my screen is blue", "stop."):
        phones.text(CLIENT, words)
    assert opt_out_types(application, at_least=5) == {
        "STOP": "STOP", "start": "START", "Info": "HELP", "my screen is blue": None, "stop.": None,
    }  # fmt: skip
    services = {hook.form["MessagingServiceSid"] for hook in application.got("/twilio/sms")}
    assert [service[:2] for service in services] == ["MG"]
    assert all(hook.signed for hook in application.hooks)
    assert bodies(phones, CLIENT, at_least=3) == [
        UNSUBSCRIBED, RESUBSCRIBED, "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    ]  # fmt: skip


def test_without_it_a_text_says_nothing_of_keywords_and_services(
    application: Application, phones: ControlClient
) -> None:
    phones.text(CLIENT, "STOP")
    form = application.got("/twilio/sms")[0].form
    assert {"OptOutType", "MessagingServiceSid"} & set(form) == set()


def test_with_advanced_opt_out_a_text_to_a_blocked_number_fails_later(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    phones.account(keywords="advanced")
    phones.text(CLIENT, "STOP")
    reply = twilio.messages.create(
        to=CLIENT, messaging_service_sid=SERVICE, body="one more thing", status_callback=application.url + "/st"
    )
    assert reply.status == "accepted"
    [report] = application.got("/st")
    assert (report.form["MessageStatus"], report.form["ErrorCode"]) == ("failed", "21610")
    assert failed_with(twilio, reply.sid) == 21610
    assert bodies(phones, CLIENT) == [UNSUBSCRIBED]


@pytest.mark.parametrize(("keywords", "when"), [("carrier", "later"), ("advanced", "at-once")])
def test_when_a_blocked_text_is_refused_can_be_turned_round(
    phones: ControlClient, twilio: Client, keywords: str, when: str
) -> None:
    phones.account(keywords=keywords, blocked_texts=when)
    phones.text(CLIENT, "STOP")
    if when == "later":
        assert failed_with(twilio, twilio.messages.create(to=CLIENT, from_=DESK, body="hello").sid) == 21610
    else:
        with pytest.raises(TwilioRestException) as refused:
            twilio.messages.create(to=CLIENT, from_=DESK, body="hello")
        assert (refused.value.code, refused.value.status) == (21610, 400)
    phones.text(CLIENT, "START")
    assert bodies(phones, CLIENT, at_least=2) == [UNSUBSCRIBED, RESUBSCRIBED]
    twilio.messages.create(to=CLIENT, from_=DESK, body="welcome back")
    assert bodies(phones, CLIENT, at_least=3)[2:] == ["welcome back"]


def test_switched_off_the_carrier_neither_answers_nor_blocks(phones: ControlClient, twilio: Client) -> None:
    phones.text(CLIENT, "STOP")
    assert bodies(phones, CLIENT) == [UNSUBSCRIBED]
    phones.account(keywords="off")
    assert phones.info()["keywords"] is False
    phones.text(CLIENT, "START")
    twilio.messages.create(to=CLIENT, from_=DESK, body="you are back")
    assert bodies(phones, CLIENT, at_least=2) == [UNSUBSCRIBED, "you are back"]
    phones.account()
    assert phones.info()["keywords"] is True
    with pytest.raises(TwilioRestException):
        twilio.messages.create(to=CLIENT, from_=DESK, body="or not")


# -- rate and queue --------------------------------------------------------------------------------------------------


def test_what_the_application_handed_over_is_listed_with_time_and_segments(
    phones: ControlClient, twilio: Client
) -> None:
    phones.text(CLIENT, "HELP")
    first = twilio.messages.create(to=SAM, from_=DESK, body="x" * 306)
    second = twilio.messages.create(to=CLIENT, from_=DESK, body="ж" * 71)
    listed = phones.handed_over()
    # Neither what came in nor what the carrier itself answered.
    assert [(row["sid"], row["to"], row["segments"]) for row in listed] == [
        (first.sid, SAM, 2), (second.sid, CLIENT, 2),
    ]  # fmt: skip
    times = [datetime.fromisoformat(row["at"]) for row in listed]
    assert times == sorted(times)
    assert [row["sid"] for row in phones.handed_over(after=listed[0]["seq"])] == [second.sid]
    eventually(lambda: [row["status"] for row in phones.handed_over()] == ["delivered", "delivered"])


def test_a_long_code_sends_one_segment_a_second_in_turn(
    config: SandboxConfig, twilio_at: Callable[..., Client]
) -> None:
    with running(replace(config, speed=10)) as url:
        phones, twilio = ControlClient(url), twilio_at(url)
        phones.account(segments_per_second=1)
        for body in ("1", "2" * 300, "3"):
            twilio.messages.create(to=SAM, from_=DESK, body=body)
        assert bodies(phones, SAM, at_least=3) == ["1", "2" * 300, "3"]
        sent = [datetime.fromisoformat(row["sent_at"]).timestamp() for row in phones.handed_over()]
    # Ten times as fast as life: the second waits for one segment, the third for two more.
    assert sent[1] - sent[0] > 0.05
    assert sent[2] - sent[0] > 0.2


def stand_still(phones: ControlClient, twilio: Client) -> None:
    """One text is sent, and for a long time no other will be."""
    phones.account(segments_per_second=0.001)
    twilio.messages.create(to=SAM, from_=DESK, body="first")
    eventually(lambda: [row["status"] for row in phones.handed_over()] == ["delivered"])


def test_a_full_queue_refuses_what_does_not_fit(phones: ControlClient, twilio: Client) -> None:
    stand_still(phones, twilio)
    phones.account(segments_per_second=0.001, queue_limit=3)
    twilio.messages.create(to=SAM, from_=DESK, body="x" * 161)
    with pytest.raises(TwilioRestException) as refused:
        twilio.messages.create(to=SAM, from_=DESK, body="y" * 161)
    assert (refused.value.code, refused.value.status) == (21611, 400)
    assert "exceeded the maximum number of queued messages" in refused.value.msg
    # One segment still fits.
    twilio.messages.create(to=SAM, from_=DESK, body="short")
    assert [(row["status"], row["segments"]) for row in phones.handed_over()] == [
        ("delivered", 1), ("queued", 2), ("queued", 1),
    ]  # fmt: skip


def test_what_was_sent_is_in_no_queue(phones: ControlClient, twilio: Client) -> None:
    phones.account(queue_limit=2)
    for number in range(1, 4):
        twilio.messages.create(to=SAM, from_=DESK, body="x" * 161)
        assert bodies(phones, SAM, at_least=number) == ["x" * 161] * number


def test_a_messaging_service_takes_what_its_full_queue_gives_up(phones: ControlClient, twilio: Client) -> None:
    stand_still(phones, twilio)
    phones.account(segments_per_second=0.001, queue_limit=1)
    twilio.messages.create(to=SAM, messaging_service_sid=SERVICE, body="it waits")
    third = twilio.messages.create(to=SAM, messaging_service_sid=SERVICE, body="no room")
    assert third.status == "accepted"
    assert failed_with(twilio, third.sid) == 30001


def test_many_senders_at_once_do_not_overfill_the_queue(
    url: str, phones: ControlClient, twilio: Client, config: SandboxConfig
) -> None:
    stand_still(phones, twilio)
    phones.account(segments_per_second=0.001, queue_limit=3)
    address = f"{url}/2010-04-01/Accounts/{config.account_sid}/Messages.json"

    def post(number: int) -> int:
        form = {"To": SAM, "From": DESK, "Body": f"text {number}"}
        return requests.post(address, data=form, auth=(config.account_sid, config.auth_token), timeout=15).status_code

    with ThreadPoolExecutor(8) as senders:
        answers = sorted(senders.map(post, range(8)))
    assert answers == [201] * 3 + [400] * 5


# -- the settings themselves -----------------------------------------------------------------------------------------


def test_settings_outlive_a_restart_and_go_back_to_the_usual(config: SandboxConfig) -> None:
    with running(config) as url:
        assert ControlClient(url).account() == USUAL
        ControlClient(url).account(queue_limit=7, keywords="advanced")
    with running(replace(config, keywords=False)) as url:
        shown = requests.get(url + "/sandbox/account", timeout=5).json()
        assert shown == USUAL | {"queue_limit": 7, "keywords": "advanced"}
        assert ControlClient(url).account() == USUAL | {"keywords": "off"}


def test_a_restart_keeps_the_speed_and_nothing_brings_the_usual_one_back(config: SandboxConfig) -> None:
    with running(config) as url:
        assert ControlClient(url).info()["speed"] == 20
        ControlClient(url).account(speed=500)
    with running(config) as url:
        assert ControlClient(url).info()["speed"] == 500
        ControlClient(url).account()
        assert ControlClient(url).info()["speed"] == 20


# At twenty times the speed of life each of these would take more than a minute.
@pytest.mark.parametrize(
    ("voice", "said"),
    [
        ('<Pause length="10000"/>', []),
        ('<Gather timeout="10000"/><Say>Are you there?</Say>', ["Are you there?"]),
        ('<Dial timeLimit="10000"><Conference waitUrl="">1042</Conference></Dial><Say>Over.</Say>', ["Over."]),
        ('<Record timeout="10000" maxLength="14400"/><Say>Nothing.</Say>', ["Nothing."]),
    ],
)
def test_a_caller_waits_no_longer_when_time_runs_faster(
    application: Application, phones: ControlClient, voice: str, said: list[str]
) -> None:
    phones.account(speed=100_000)
    application.answers = {"/twilio/voice": f"<Response>{voice}</Response>"}
    call = phones.call(CLIENT, pace="real")
    story(phones, call)
    assert phones.transcript(call) == said


def test_phones_ring_and_texts_wait_no_longer_when_time_runs_faster(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    phones.account(speed=100_000, segments_per_second=0.001)
    for number in (SAM, LEE):
        twilio.messages.create(to=number, from_=DESK, body="one segment takes a thousand seconds")
    assert bodies(phones, LEE) == ["one segment takes a thousand seconds"]

    phones.behave(SAM, answers="at-once", rings=500, presses=[{"after": 5000, "keys": "1"}])
    application.answers = {"/screen": '<Response><Gather numDigits="1" timeout="100000" action="/key"/></Response>'}
    phones.account(speed=5_000)
    twilio.calls.create(to=SAM, from_=DESK, url=application.url + "/screen", timeout=600)
    assert application.got("/key")[0].form["Digits"] == "1"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"pace": 1}, "The account has no setting 'pace'. Settings: blocked_texts, keywords, queue_limit, segments"),
        ({"keywords": "on"}, "Account setting 'keywords' is one of off, carrier, advanced, not 'on'"),
        ({"blocked_texts": []}, "Account setting 'blocked_texts' is one of at-once, later, not '[]'"),
        ({"queue_limit": 1.5}, "Account setting 'queue_limit' is a whole number above 0 or null, not '1.5'"),
        ({"segments_per_second": 0}, "Account setting 'segments_per_second' is a number above 0 or null, not '0'"),
        ({"speed": -1}, "Account setting 'speed' is a number above 0 or null, not '-1'"),
        ({"queue_limit": True}, "Account setting 'queue_limit' is a whole number above 0 or null, not 'True'"),
    ],
)
def test_settings_that_do_not_exist_are_explained_and_change_nothing(
    phones: ControlClient, settings: dict[str, object], complaint: str
) -> None:
    phones.account(queue_limit=7)
    with pytest.raises(SandboxError) as refused:
        phones.account(**settings)
    assert str(refused.value).startswith(complaint)
    assert requests.get(phones.url + "/sandbox/account", timeout=5).json() == USUAL | {"queue_limit": 7}


def test_a_file_of_the_first_release_is_opened_and_kept(
    config: SandboxConfig, twilio_at: Callable[..., Client]
) -> None:
    with running(config) as url:
        twilio_at(url).messages.create(to=SAM, from_=DESK, body="before")
        assert bodies(ControlClient(url), SAM) == ["before"]
    engine = create_engine(f"sqlite:///{config.data / 'sandbox.db'}")
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE account_settings"))
        for column in ("segments", "turn", "turn_ends"):
            connection.execute(text(f"ALTER TABLE messages DROP COLUMN {column}"))
    engine.dispose()
    with running(config) as url:
        phones, twilio = ControlClient(url), twilio_at(url)
        phones.account(segments_per_second=10, queue_limit=10)
        twilio.messages.create(to=SAM, from_=DESK, body="after")
        assert bodies(phones, SAM, at_least=2) == ["before", "after"]
        assert [row["body"] for row in phones.handed_over()] == ["after"]
