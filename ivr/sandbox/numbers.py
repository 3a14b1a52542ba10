"""The account's one number and where its webhooks go."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from ivr.sandbox.config import SandboxConfig
from ivr.sandbox.store import Store, number_settings
from ivr.sandbox.wire import API_VERSION

# Form name of the REST API -> field of the number.
FORM = {
    "VoiceUrl": "voice_url",
    "VoiceMethod": "voice_method",
    "VoiceFallbackUrl": "voice_fallback_url",
    "VoiceFallbackMethod": "voice_fallback_method",
    "SmsUrl": "sms_url",
    "SmsMethod": "sms_method",
    "SmsFallbackUrl": "sms_fallback_url",
    "SmsFallbackMethod": "sms_fallback_method",
    "StatusCallback": "status_callback",
    "StatusCallbackMethod": "status_callback_method",
    "FriendlyName": "friendly_name",
}


def is_phone_number(text: str) -> bool:
    """Whether the carrier accepts it as a destination: E.164, and for North America ten digits that can exist."""
    if text.startswith("+1"):
        return re.fullmatch(r"\+1[2-9]\d{2}[2-9]\d{6}", text) is not None
    return re.fullmatch(r"\+[2-9]\d{6,14}", text) is not None


class Numbers:
    """The number's settings: those of the configuration, and over them what the REST API changed."""

    def __init__(self, config: SandboxConfig, store: Store) -> None:
        self._config, self._store = config, store
        digest = hashlib.md5(config.number.encode(), usedforsecurity=False).hexdigest()
        self.sid = "PN" + digest
        # The messaging service that the number belongs to, when the account has Advanced Opt-Out.
        self.service_sid = "MG" + digest

    def get(self) -> dict[str, str]:
        """Every field of FORM with its value."""
        base = self._config.public_url.rstrip("/")
        values = {field: "POST" if field.endswith("_method") else "" for field in FORM.values()}
        values |= {
            "voice_url": f"{base}/twilio/voice",
            "sms_url": f"{base}/twilio/sms",
            "status_callback": f"{base}/twilio/voice/status",
            "friendly_name": self._config.number,
        }
        return values | {row["name"]: row["value"] for row in self._store.rows(number_settings.select())}

    def update(self, form: Mapping[str, str]) -> None:
        """Keep what the REST API was told; other form fields are passed over."""
        for name in FORM.keys() & form.keys():
            self._store.delete(number_settings, number_settings.c.name == FORM[name])
            self._store.insert(number_settings, name=FORM[name], value=form[name])

    def json(self) -> dict[str, Any]:
        """The number as the REST API shows it."""
        account = self._config.account_sid
        return {
            "sid": self.sid,
            "account_sid": account,
            "phone_number": self._config.number,
            **self.get(),
            "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
            "status": "in-use",
            "type": None,
            "origin": "twilio",
            "beta": False,
            "address_requirements": "none",
            "address_sid": None,
            "identity_sid": None,
            "bundle_sid": None,
            "trunk_sid": None,
            "voice_application_sid": "",
            "sms_application_sid": "",
            "voice_caller_id_lookup": False,
            "voice_receive_mode": "voice",
            "emergency_status": "Inactive",
            "emergency_address_sid": None,
            "emergency_address_status": "unregistered",
            "date_created": None,
            "date_updated": None,
            "api_version": API_VERSION,
            "subresource_uris": {},
            "uri": f"/{API_VERSION}/Accounts/{account}/IncomingPhoneNumbers/{self.sid}.json",
        }
