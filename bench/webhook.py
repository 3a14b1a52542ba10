"""The voice webhook: signed, with its database write, against a bare Flask view under the same server; and its latency
while the transcriber is busy."""

import base64
import hashlib
import hmac
import os
import secrets
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from rich.console import Group
from rich.table import Table

from bench import voicemails
from bench.desk import BenchError, Desk, Process, free_ports, helpline, load_average, running, temporary_desk, wait_for
from bench.load import Measured, as_fast_as_possible, on_schedule, post
from bench.procs import children, command_line, processor_seconds
from ivr.once import sandbox_account
from ivr.sandbox import wire
from ivr.web import THREADS

#: Requests under way at once: one for each thread of the server.
CONNECTIONS = THREADS
PATH = "/twilio/voice"
DESK = "+19036892004"
WARM_UP = 300
#: More than any of the servers answers in a second on the machines this is for; bounds what is made beforehand.
MOST_PER_SECOND = 3000
#: The second target: this many calls a second ...
CALLS_PER_SECOND = 50
#: ... and as many voicemails in the line as keep the transcriber busy for the whole measurement.
BACKLOG = 24


@dataclass(frozen=True)
class Server:
    """A server under load: where it is and which process it is."""

    desk: Desk
    process: Process


@dataclass(frozen=True)
class Run:
    """One measurement of one server; `cost` is the processor time per answered request, in seconds."""

    load: Measured
    cost: float


@dataclass(frozen=True)
class Pair:
    """Ours and the bare view, one after the other."""

    ours: Run
    bare: Run

    @property
    def ratio(self) -> float:
        """Our requests per second as a share of the bare view's."""
        return self.ours.load.per_second / self.bare.load.per_second

    @property
    def cost_ratio(self) -> float:
        """The same from the processor time: what other work on the machine takes away counts less here."""
        return self.bare.cost / self.ours.cost


def signed_calls(desk: Desk, count: int) -> list[bytes]:
    """First webhooks of `count` different calls, with the parameters and headers that the carrier sends (docs/carrier.md)
    and a good signature each."""
    account = sandbox_account(desk.data)
    key, url = account.auth_token.encode(), desk.url + PATH
    requests = []
    for number in range(count):
        params = _call_params(number, account.account_sid)
        signed = url + "".join(f"{name}{params[name]}" for name in sorted(params))
        signature = base64.b64encode(hmac.digest(key, signed.encode(), hashlib.sha1)).decode()
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


def _call_params(number: int, account: str) -> dict[str, str]:
    call = {
        "sid": wire.new_sid("CA"),
        "from_number": f"+1903555{number % 10000:04}",
        "to_number": DESK,
        "status": "ringing",
        "direction": "inbound",
        "forwarded_from": None,
        "parent_sid": None,
    }
    # The last two are long and opaque on the wire too: nothing reads them, but they are parsed and signed.
    return {
        **wire.call_params(call, account),
        "CallToken": "%7B%22parentCallInfoToken%22%3A%22" + secrets.token_urlsafe(330) + "%22%7D",
        "StirPassportToken": secrets.token_urlsafe(300),
    }


@contextmanager
def _serving(desk: Desk, command: Sequence[str], *, log: str, one_processor: bool) -> Iterator[Server]:
    """A server, answering; bound to one processor when asked."""
    with ExitStack() as stack:
        with _on_one_processor() if one_processor else nullcontext():
            process = stack.enter_context(running(desk, command, log=log))
        wait_for(f"{desk.url}/healthz", process, desk.log(log))
        yield Server(desk, process)


@contextmanager
def _on_one_processor() -> Iterator[None]:
    """What is started in this block has the first processor only, with all its threads; we ourselves are free again."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def compare(*, pairs: int, seconds: float, one_processor: bool) -> list[Pair]:
    """Ours and bare in turn, `pairs` times, `seconds` each. Both servers run all the time; only one has load."""
    with ExitStack() as stack:
        desk = stack.enter_context(temporary_desk())
        port = free_ports(1)[0]
        bare_desk = replace(desk, port=port, environment={**desk.environment, "PORT": str(port)})
        command = (sys.executable, "-m", "bench.bare")
        bare = stack.enter_context(_serving(bare_desk, command, log="bare", one_processor=one_processor))
        ours = stack.enter_context(_serving(desk, helpline("web"), log="web", one_processor=one_processor))
        for server in (ours, bare):
            _measure(server, signed_calls(desk, WARM_UP), seconds)
        results = []
        for _ in range(pairs):
            calls = signed_calls(desk, int(MOST_PER_SECOND * seconds))
            results.append(Pair(_measure(ours, calls, seconds), _measure(bare, calls * 2, seconds)))
        return results


def _measure(server: Server, requests: Sequence[bytes], seconds: float) -> Run:
    before = processor_seconds(server.process.pid)
    load = as_fast_as_possible(server.desk.port, requests, connections=CONNECTIONS, most_seconds=seconds)
    used = processor_seconds(server.process.pid) - before
    if not load.latencies:
        raise BenchError(f"{server.desk.url} gave no good answer; see what `helpline web` says to a signed call")
    return Run(load, used / len(load.latencies))


def comparison_table(results: Sequence[Pair], *, one_processor: bool) -> Group:
    """The runs of a comparison, and the medians of their ratios."""
    bound = "each server bound to one processor" if one_processor else "servers free to use every processor"
    table = Table()
    for column in ("run", "requests/s", "p50 ms", "p99 ms", "CPU ms each", "failed", "ratio"):
        table.add_column(column, justify="left" if column == "run" else "right")
    for number, pair in enumerate(results, 1):
        table.add_row(f"{number} helpline", *_cells(pair.ours), "")
        table.add_row(f"{number} bare", *_cells(pair.bare), f"{pair.ratio:.2f}")
    rate = statistics.median(pair.ratio for pair in results)
    cost = statistics.median(pair.cost_ratio for pair in results)
    return Group(
        f"Voice webhook, signed, with its row in SQLite, against a bare Flask view ({load_average()})",
        f"gunicorn, 1 process, {THREADS} threads, {CONNECTIONS} requests under way; {bound}",
        table,
        f"median ratio {rate:.2f} by requests per second (target: at least 0.50), {cost:.2f} by processor time\n",
    )


def _cells(run: Run) -> tuple[str, ...]:
    return (f"{run.load.per_second:.0f}", *_latency_cells(run.load), f"{run.cost * 1000:.2f}", str(run.load.failed))


def _latency_cells(load: Measured) -> tuple[str, str]:
    return f"{load.percentile(0.5) * 1000:.1f}", f"{load.percentile(0.99) * 1000:.1f}"


@dataclass(frozen=True)
class Busy:
    """Calls at a fixed rate: with the transcriber at rest, and busy. `cores` is the processors that it used meanwhile."""

    rest: Measured
    busy: Measured
    cores: float
    left: int


def beside_transcriber(*, seconds: float) -> Busy:
    """New calls at CALLS_PER_SECOND for `seconds`, twice: on a helpline at rest, and while it works off voicemails."""
    count = int(CALLS_PER_SECOND * seconds)
    with voicemails.up() as helpline_up:
        port = helpline_up.desk.port
        on_schedule(port, signed_calls(helpline_up.desk, CALLS_PER_SECOND), per_second=CALLS_PER_SECOND)
        rest = on_schedule(port, signed_calls(helpline_up.desk, count), per_second=CALLS_PER_SECOND)
        calls = signed_calls(helpline_up.desk, count)
        voicemails.leave(helpline_up, BACKLOG)
        transcriber = _transcriber(helpline_up)
        _until_working(transcriber)
        before, begun = processor_seconds(transcriber), time.monotonic()
        busy = on_schedule(port, calls, per_second=CALLS_PER_SECOND)
        cores = (processor_seconds(transcriber) - before) / (time.monotonic() - begun)
        return Busy(rest, busy, cores, helpline_up.pending())


def _transcriber(helpline_up: voicemails.Up) -> int:
    return next(one for one in children(helpline_up.process.pid) if command_line(one)[-1] == "transcriber")


def _until_working(process_id: int) -> None:
    """Return when the process has used half a second of processor time, or after ten seconds."""
    goal, until = processor_seconds(process_id) + 0.5, time.monotonic() + 10
    while processor_seconds(process_id) < goal and time.monotonic() < until:
        time.sleep(0.05)


def busy_table(result: Busy) -> Group:
    """Latency at the fixed rate."""
    table = Table()
    for column in ("transcriber", "calls", "p50 ms", "p99 ms", "longest ms", "failed"):
        table.add_column(column, justify="left" if column == "transcriber" else "right")
    for name, load in (("at rest", result.rest), ("busy", result.busy)):
        longest = f"{load.percentile(1) * 1000:.1f}"
        table.add_row(name, str(len(load.latencies)), *_latency_cells(load), longest, str(load.failed))
    return Group(
        f"New calls at {CALLS_PER_SECOND} per second on all of `helpline up` ({load_average()})",
        table,
        f"target: p99 below 50 ms while the transcriber is busy; it used {result.cores:.1f} processors meanwhile, and "
        f"{result.left} of {BACKLOG} voicemails still waited for their words at the end\n",
    )
