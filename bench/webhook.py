"""The voice webhook: signed, with its database write, against a bare Flask view under the same server; and its latency
while a transcriber is busy."""

import base64
import hashlib
import hmac
import os
import secrets
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from bench.desk import Desk, free_ports, helpline, running, temporary_desk, wait_for
from bench.load import Measured, as_fast_as_possible, post
from ivr.once import sandbox_account
from ivr.sandbox import wire
from ivr.web import THREADS

#: Requests under way at once: one for each thread of the server.
CONNECTIONS = THREADS
PATH = "/twilio/voice"
DESK = "+19036892004"
WARM_UP = 300


@dataclass(frozen=True)
class Pair:
    """Ours and the bare view, one after the other."""

    ours: Measured
    bare: Measured

    @property
    def ratio(self) -> float:
        """Our requests per second as a share of the bare view's."""
        return self.ours.per_second / self.bare.per_second


def signed_calls(desk: Desk, count: int) -> list[bytes]:
    """First webhooks of `count` different calls, with the parameters and headers that the carrier really sends
    (carrier-facts §1) and a good signature each."""
    account = sandbox_account(desk.data)
    key, url = account.auth_token.encode(), desk.url + PATH
    requests = []
    for number in range(count):
        params = {
            **wire.call_params(
                {
                    "sid": wire.new_sid("CA"),
                    "from_number": f"+1903555{number % 10000:04}",
                    "to_number": DESK,
                    "status": "ringing",
                    "direction": "inbound",
                    "forwarded_from": None,
                },
                account.account_sid,
            ),
            # Long and opaque on the wire too; nothing here reads it, but it is parsed and signed.
            "CallToken": "%7B%22parentCallInfoToken%22%3A%22" + secrets.token_urlsafe(330) + "%22%7D",
            "StirPassportToken": secrets.token_urlsafe(300),
        }
        signed = url + "".join(f"{name}{params[name]}" for name in sorted(params))
        signature = base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha1).digest()).decode()
        headers = (
            ("User-Agent", "TwilioProxy/1.1"),
            ("Accept", "*/*"),
            ("Accept-Encoding", "gzip"),
            ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),
            ("X-Home-Region", "us1"),
            ("I-Twilio-Idempotency-Token", secrets.token_hex(16)),
            ("X-Twilio-Signature", signature),
        )
        requests.append(post(PATH, desk.port, headers, urlencode(params).encode()))
    return requests


@contextmanager
def web(desk: Desk, *, bare: bool = False) -> Iterator[Desk]:
    """`helpline web` (or the bare view under its server), answering. The bare one gets a port of its own."""
    command: Sequence[str] = helpline("web")
    if bare:
        port = free_ports(1)[0]
        desk = replace(desk, port=port, environment={**desk.environment, "PORT": str(port)})
        command = (sys.executable, "-m", "bench.bare")
    log = "bare" if bare else "web"
    with running(desk, command, log=log) as process:
        wait_for(f"{desk.url}/healthz", process, desk.data / f"{log}.log")
        yield desk


def compare(*, pairs: int, seconds: float) -> list[Pair]:
    """Ours and bare in turn, `pairs` times, `seconds` each. Both servers run all the time; only one has load."""
    with ExitStack() as stack:
        ours = stack.enter_context(temporary_desk())
        bare = stack.enter_context(web(ours, bare=True))
        stack.enter_context(web(ours))
        for one in (ours, bare):
            as_fast_as_possible(one.port, signed_calls(ours, WARM_UP), connections=CONNECTIONS, most_seconds=seconds)
        results = []
        for _ in range(pairs):
            calls = signed_calls(ours, int(3500 * seconds))
            mine = as_fast_as_possible(ours.port, calls, connections=CONNECTIONS, most_seconds=seconds)
            plain = as_fast_as_possible(bare.port, calls * 2, connections=CONNECTIONS, most_seconds=seconds)
            results.append(Pair(mine, plain))
        return results


def print_comparison(results: Sequence[Pair]) -> None:
    """The table of a comparison."""
    print(f"Voice webhook (signed, own row in SQLite) against a bare Flask view; gunicorn, 1 process, {THREADS} threads,")
    print(f"{CONNECTIONS} requests under way; load average {os.getloadavg()[0]:.1f}")
    print(f"{'run':>5} {'':<9} {'req/s':>7} {'p50 ms':>7} {'p99 ms':>7} {'failed':>7} {'ratio':>6}")
    for number, pair in enumerate(results, 1):
        for name, one in (("helpline", pair.ours), ("bare", pair.bare)):
            ratio = f"{pair.ratio:6.2f}" if name == "bare" else ""
            p50, p99 = one.percentile(0.5) * 1000, one.percentile(0.99) * 1000
            print(f"{number:>5} {name:<9} {one.per_second:>7.0f} {p50:>7.2f} {p99:>7.2f} {one.failed:>7} {ratio}")
    print(f"median ratio {statistics.median(pair.ratio for pair in results):.2f} (target: at least 0.50)")
