"""What `make bench` measures are first webhooks as the carrier sends them: they are made like those of the sandbox."""

from bench.webhook import DESK
from bench.webhook import _call_params as params


def test_a_measured_call_has_what_a_first_webhook_has() -> None:
    found = params(7, "AC1")
    assert (found["From"], found["To"], found["CallStatus"]) == ("+19035550007", DESK, "ringing")
    assert {"CallSid", "AccountSid", "Direction", "ApiVersion"} <= set(found)
