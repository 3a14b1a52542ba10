"""The carrier's shapes: ids, form parameters of webhooks, JSON of the REST API.

Pure; parameter names from the vendor's documents.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

Row = Mapping[str, Any]
Json = dict[str, Any]

API_VERSION = "2010-04-01"
# Real callbacks name the vendor's own host, whatever address the REST API is reached under.
CARRIER_HOST = "https://api.twilio.com"
# Enough geography to look real; everything unknown is an empty string, as the vendor does it.
_TEXAS = {"903", "430", "214", "469", "972", "945", "817", "682", "512", "737", "713", "281", "832", "254", "940"}
_CITIES = {"+1903689": ("TYLER", "75701"), "+1903555": ("LONGVIEW", "75601")}

ERROR_TEXTS = {
    20003: "Authenticate",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    21201: "No 'To' number is specified",
    21210: "'From' phone number not verified",
    21211: "The 'To' number {to} is not a valid phone number.",
    21212: "The 'From' number {from} is not a valid phone number, shortcode, or alphanumeric sender ID.",
    21213: "'From' phone number is required",
    21214: "'To' phone number cannot be reached",
    21215: "Account not authorized to call {to}.",
    21217: "Phone number {to} does not appear to be valid.",
    21218: "Invalid ApplicationSid: a call needs Url, Twiml or ApplicationSid.",
    21220: "Call is not in-progress. Cannot redirect.",
    21266: "'To' and 'From' number cannot be the same",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number {from} is not a valid message-capable phone number for this account.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages.",
    21612: "The 'To' number {to} is not reachable by a text from this 'From' number.",
    21614: "'To' number {to} is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21635: "'To' number {to} is a landline",
    30001: "Queue overflow",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Carrier violation",
    30008: "Unknown error",
    30034: "Message from an unregistered number",
}


def new_sid(prefix: str) -> str:
    """A fresh id such as CA followed by 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


def rfc2822(moment: float | None) -> str | None:
    """Seconds since the epoch as the API writes dates, or None."""
    return None if moment is None else format_datetime(datetime.fromtimestamp(int(moment), UTC))


def error_body(code: int, status: int, *, text: str | None = None, **names: str) -> Json:
    """The API's error document; `names` fill the text of the code."""
    message = (
        text
        if text is not None
        else ERROR_TEXTS.get(code, "Request refused").format_map({"to": "", "from": "", **names})
    )
    return {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


def place(prefix: str, number: str) -> dict[str, str]:
    """The four geographic parameters of one end, such as FromCity."""
    known = number.startswith("+1") and len(number) == 12
    city, code = _CITIES.get(number[:8], ("", ""))
    state = "TX" if known and number[2:5] in _TEXAS else ""
    country = "US" if known else ""
    return {f"{prefix}City": city, f"{prefix}State": state, f"{prefix}Zip": code, f"{prefix}Country": country}


def call_params(call: Row, account: str, *, status: str | None = None) -> dict[str, str]:
    """What every webhook of a call carries, the undocumented duplicates (Caller, Called) included."""
    sender, to = call["from_number"], call["to_number"]
    params = {
        "CallSid": call["sid"],
        "AccountSid": account,
        "From": sender,
        "To": to,
        "Caller": sender,
        "Called": to,
        "CallStatus": status or call["status"],
        "ApiVersion": API_VERSION,
        "Direction": call["direction"],
        **place("From", sender),
        **place("To", to),
        **place("Caller", sender),
        **place("Called", to),
    }
    if call["parent_sid"]:
        params["ParentCallSid"] = call["parent_sid"]
    if call["forwarded_from"]:
        params["ForwardedFrom"] = call["forwarded_from"]
    if call["direction"] == "inbound" and sender.startswith("+1"):
        params["StirVerstat"] = "TN-Validation-Passed-A"
    return params


def conference_params(room: Row, account: str, *, event: str, person: Row | None) -> dict[str, str]:
    """The callback about a conference; with `person` about one leg in it."""
    params = {
        "ConferenceSid": room["sid"],
        "FriendlyName": room["name"],
        "AccountSid": account,
        "SequenceNumber": str(room["sequence"]),
        "Timestamp": rfc2822(time.time()) or "",
        "StatusCallbackEvent": event,
    }
    if person is not None:
        flags = {"Muted": person["muted"], "Hold": False, "Coaching": False, "EndConferenceOnExit": person["ends"]}
        flags["StartConferenceOnEnter"] = person["starts"]
        params |= {"CallSid": person["call_sid"], **{name: str(bool(on)).lower() for name, on in flags.items()}}
    return params


def call_status_params(
    call: Row, account: str, *, status: str, sequence: int, error_code: int | None = None
) -> dict[str, str]:
    """A call's asynchronous status callback; CallDuration in seconds and Duration in minutes only at the end."""
    params = call_params(call, account, status=status) | {
        "Timestamp": rfc2822(time.time()) or "",
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(sequence),
    }
    if status == "completed":
        seconds = call_seconds(call)
        params |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
    if error_code is not None:
        params["ErrorCode"] = str(error_code)
    return params


def call_seconds(call: Row) -> int:
    """Whole seconds from answer to end; 0 for a call that nobody answered."""
    return round(call["ended"] - call["started"]) if call["started"] and call["ended"] else 0


def message_in_params(message: Row, account: str, *, media: Sequence[Row], opt_out_type: str = "") -> dict[str, str]:
    """The webhook of a text that came in; `opt_out_type` says what the carrier itself has answered already."""
    params = {
        "ToCountry": "US",
        "SmsMessageSid": message["sid"],
        "SmsSid": message["sid"],
        "MessageSid": message["sid"],
        "AccountSid": account,
        "From": message["from_number"],
        "To": message["to_number"],
        "Body": message["body"],
        "NumMedia": str(len(media)),
        "NumSegments": str(max(1, segments(message["body"]))),
        "SmsStatus": "received",
        "ApiVersion": API_VERSION,
        **place("From", message["from_number"]),
        **place("To", message["to_number"]),
    }
    for index, item in enumerate(media):
        params[f"MediaUrl{index}"] = CARRIER_HOST + _path(account, "Messages", message["sid"], "Media", item["sid"])
        params[f"MediaContentType{index}"] = item["content_type"]
    if message["service_sid"]:
        params["MessagingServiceSid"] = message["service_sid"]
    if opt_out_type:
        params["OptOutType"] = opt_out_type
    return params


def message_status_params(message: Row, account: str, *, status: str, error_code: int | None) -> dict[str, str]:
    """A text's status callback."""
    params = {
        "MessageSid": message["sid"],
        "SmsSid": message["sid"],
        "MessageStatus": status,
        "SmsStatus": status,
        "AccountSid": account,
        "From": message["from_number"],
        "To": message["to_number"],
        "ApiVersion": API_VERSION,
    }
    if message["service_sid"]:
        params["MessagingServiceSid"] = message["service_sid"]
    if error_code is not None:
        params["ErrorCode"] = str(error_code)
    if status in {"delivered", "undelivered"}:
        params["RawDlrDoneDate"] = datetime.now(UTC).strftime("%y%m%d%H%M")
    return params


def recording_url(account: str, sid: str) -> str:
    """Where a recording is, as callbacks name it: without an extension."""
    return CARRIER_HOST + _path(account, "Recordings", sid)


def recording_params(recording: Row, account: str, *, status: str) -> dict[str, str]:
    """A recording's status callback; no caller in it, as in life."""
    params = {
        "AccountSid": account,
        "CallSid": recording["call_sid"],
        "RecordingSid": recording["sid"],
        "RecordingUrl": recording_url(account, recording["sid"]),
        "RecordingStatus": status,
        "RecordingChannels": "1",
        "RecordingSource": "RecordVerb",
        "RecordingTrack": "both",
        "RecordingStartTime": rfc2822(recording["started"]) or "",
        "ErrorCode": str(recording["error_code"] or 0),
    }
    if status == "completed":
        params["RecordingDuration"] = str(recording["duration"])
    return params


def _path(account: str, *parts: str) -> str:
    return "/".join([f"/{API_VERSION}/Accounts/{account}", *parts])


def message_json(message: Row, account: str) -> Json:
    """One text as the API shows it."""
    path = _path(account, "Messages", message["sid"])
    code = message["error_code"]
    return {
        "sid": message["sid"],
        "account_sid": account,
        "messaging_service_sid": message["service_sid"],
        "from": message["from_number"],
        "to": message["to_number"],
        "body": message["body"],
        "status": message["status"],
        "direction": message["direction"],
        "num_segments": str(max(1, segments(message["body"]))),
        "num_media": str(message["num_media"]),
        "error_code": code,
        "error_message": ERROR_TEXTS.get(code) if code else None,
        "price": None,
        "price_unit": "USD",
        "api_version": API_VERSION,
        "date_created": rfc2822(message["created"]),
        "date_updated": rfc2822(message["updated"]),
        "date_sent": rfc2822(message["sent_at"]),
        "uri": path + ".json",
        "subresource_uris": {"media": path + "/Media.json", "feedback": path + "/Feedback.json"},
    }


def media_json(item: Row, account: str) -> Json:
    """One picture of a text."""
    return {
        "sid": item["sid"],
        "account_sid": account,
        "parent_sid": item["message_sid"],
        "content_type": item["content_type"],
        "date_created": rfc2822(item["created"]),
        "date_updated": rfc2822(item["created"]),
        "uri": _path(account, "Messages", item["message_sid"], "Media", item["sid"]) + ".json",
    }


def call_json(call: Row, account: str) -> Json:
    """One call."""
    path = _path(account, "Calls", call["sid"])
    return {
        "sid": call["sid"],
        "account_sid": account,
        "from": call["from_number"],
        "from_formatted": call["from_number"],
        "to": call["to_number"],
        "to_formatted": call["to_number"],
        "status": call["status"],
        "direction": call["direction"],
        "duration": str(call_seconds(call)) if call["ended"] else None,
        "start_time": rfc2822(call["dialed"] or call["started"]),
        "end_time": rfc2822(call["ended"]),
        "date_created": rfc2822(call["created"]),
        "date_updated": rfc2822(call["last_seen"]),
        "forwarded_from": call["forwarded_from"],
        "parent_call_sid": call["parent_sid"],
        "phone_number_sid": None,
        "answered_by": None,
        "caller_name": "",
        "group_sid": None,
        "trunk_sid": None,
        "queue_time": "0",
        "price": None,
        "price_unit": "USD",
        "annotation": None,
        "api_version": API_VERSION,
        "uri": path + ".json",
        "subresource_uris": {"recordings": path + "/Recordings.json", "notifications": path + "/Notifications.json"},
    }


def recording_json(recording: Row, account: str) -> Json:
    """One recording; duration is a string of seconds, "-1" while it runs."""
    path = _path(account, "Recordings", recording["sid"])
    done = recording["duration"] is not None
    return {
        "sid": recording["sid"],
        "account_sid": account,
        "call_sid": recording["call_sid"],
        "conference_sid": None,
        "status": "deleted" if recording["deleted"] else recording["status"],
        "channels": 1,
        "source": "RecordVerb",
        "start_time": rfc2822(recording["started"]),
        "duration": str(recording["duration"]) if done else "-1",
        "date_created": rfc2822(recording["started"]),
        "date_updated": rfc2822(recording["updated"]),
        "error_code": recording["error_code"],
        "price": None,
        "price_unit": "USD",
        "encryption_details": None,
        "track": "both",
        "api_version": API_VERSION,
        "uri": path + ".json",
        "media_url": CARRIER_HOST + path,
        "subresource_uris": {
            "add_on_results": path + "/AddOnResults.json",
            "transcriptions": path + "/Transcriptions.json",
        },
    }


_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")


def segments(body: str) -> int:
    """How many segments a text takes: GSM-7 160/153 septets (an extended character is never split), else UCS-2 70/67
    units.
    """
    if any(char not in _BASIC and char not in _EXTENDED for char in body):
        return _packed([len(char.encode("utf-16-le")) // 2 for char in body], 70, joined=67)
    return _packed([2 if char in _EXTENDED else 1 for char in body], 160, joined=153)


def _packed(sizes: list[int], alone: int, *, joined: int) -> int:
    if sum(sizes) <= alone:
        return 1 if sizes else 0
    count, used = 1, 0
    for size in sizes:
        if used + size > joined:
            count, used = count + 1, 0
        used += size
    return count
