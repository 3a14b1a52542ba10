"""A small load generator for one server on the loopback: ready-made requests over kept connections, one thread, no library.

It has to cost far less than what it measures, because on a small machine it takes its time from the same cores: requests
are bytes made beforehand, and of an answer only its status and length are read. Every run is bounded in number and time.
"""

import gc
import math
import select
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

#: Where load may go to. Nothing else is ever asked.
HOST = "127.0.0.1"
#: Seconds without any answer after which a run ends, and what is under way has failed.
PATIENCE = 10.0
#: Most connections of a run with a schedule: a server that fell behind is not buried.
MOST_CONNECTIONS = 64

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(frozen=True)
class Measured:
    """One run. `latencies` are the seconds of the answered requests, sorted; `failed` had no answer or another than 200."""

    seconds: float
    latencies: tuple[float, ...]
    failed: int

    @property
    def per_second(self) -> float:
        """Good answers per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """The seconds within which this share (0..1) of the requests was answered; infinite without any answer."""
        return percentile(self.latencies, share)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the sorted `values` that at least this share of them does not exceed; infinite for none."""
    if not values:
        return math.inf
    return values[max(0, math.ceil(share * len(values)) - 1)]


def post(path: str, port: int, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """The bytes of a POST."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}:{port}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body


class _Connection:
    """One kept connection: what was sent when, and what came back of the answer so far."""

    def __init__(self, port: int) -> None:
        self.port, self.line = port, _dial(port)
        self.since, self.answer = 0.0, b""
        self.watched: socket.socket | None = None

    def send(self, request: bytes, since: float) -> None:
        """Send a request; `since` is the moment from which its latency counts."""
        self.since, self.answer = since, b""
        self.line.sendall(request)

    def renew(self) -> None:
        """Connect anew."""
        self.line.close()
        self.line = _dial(self.port)

    def renew_if_closed(self) -> None:
        """The server closes connections that were idle for some seconds, as any does."""
        try:
            closed = self.line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return
        if closed:
            self.renew()

    def complete(self) -> bool | None:
        """Read what is there: True for a whole answer with status 200, False for another or none, None if more is to come."""
        try:
            piece = self.line.recv(65536)
        except OSError:
            piece = b""
        if not piece:
            self.renew()
            return False
        self.answer += piece
        head = self.answer.find(_END_OF_HEAD)
        if head < 0:
            return None
        lower = self.answer[:head].lower()
        place = lower.find(_LENGTH)
        if place < 0:
            raise ValueError("the server answers without Content-Length, which this generator cannot read")
        end = lower.find(b"\r\n", place)
        length = int(lower[place + len(_LENGTH) : end if end >= 0 else head])
        if len(self.answer) < head + len(_END_OF_HEAD) + length:
            return None
        return self.answer.startswith(b"HTTP/1.1 200 ")


def _dial(port: int) -> socket.socket:
    line = socket.create_connection((HOST, port), timeout=PATIENCE)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Reading follows the poll, so it never waits; with a time-out Python would ask the kernel a second time.
    line.setblocking(True)
    return line


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No garbage collection of ours inside a measurement."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def as_fast_as_possible(port: int, requests: Sequence[bytes], *, connections: int, most_seconds: float) -> Measured:
    """Each connection sends its next request as soon as it has its answer (closed loop), until the requests or the
    seconds are used up. What is under way at the end is waited for and counted."""
    waiting, latencies, failed = iter(requests), list[float](), 0
    idle = [_Connection(port) for _ in range(connections)]
    poll, by_number = select.epoll(), dict[int, _Connection]()
    try:
        with _undisturbed():
            begun = time.perf_counter()
            until = begun + most_seconds
            for connection, request in zip(idle, waiting, strict=False):
                _begin(connection, request, poll, by_number)
            while by_number and (ready := poll.poll(PATIENCE)):
                for number, _ in ready:
                    good = by_number[number].complete()
                    if good is None:
                        continue
                    connection, now = by_number.pop(number), time.perf_counter()
                    if good:
                        latencies.append(now - connection.since)
                    else:
                        failed += 1
                    request = next(waiting, b"") if now < until else b""
                    if request:
                        _begin(connection, request, poll, by_number)
            seconds = time.perf_counter() - begun
    finally:
        poll.close()
        for connection in idle:
            connection.line.close()
    return Measured(seconds, tuple(sorted(latencies)), failed + len(by_number))


def _begin(connection: _Connection, request: bytes, poll: select.epoll, by_number: dict[int, _Connection]) -> None:
    number = connection.line.fileno()
    if connection.watched is not connection.line:
        poll.register(number, select.EPOLLIN)
        connection.watched = connection.line
    by_number[number] = connection
    connection.send(request, time.perf_counter())


def on_schedule(port: int, requests: Sequence[bytes], *, per_second: float) -> Measured:
    """One request every 1/per_second seconds whether or not earlier ones are answered (open loop).

    A latency counts from the moment at which the request was due, so waiting in any line counts too, also in ours.
    """
    idle, busy, latencies = list[_Connection](), dict[int, _Connection](), list[float]()
    everyone, failed, sent = list[_Connection](), 0, 0
    try:
        with _undisturbed():
            begun = time.perf_counter()
            last_answer = begun
            while sent < len(requests) or busy:
                now = time.perf_counter()
                due = begun + sent / per_second if sent < len(requests) else math.inf
                if due <= now and (connection := _free(port, idle, everyone)):
                    connection.send(requests[sent], due)
                    busy[connection.line.fileno()] = connection
                    sent += 1
                    continue
                if busy and now - max(last_answer, min(c.since for c in busy.values())) > PATIENCE:
                    break
                # Not epoll: its clock ticks in milliseconds, and a request would leave up to one too late.
                wait = due - now if due > now else PATIENCE
                ready, _, _ = select.select(list(busy), [], [], min(wait, PATIENCE))
                for number in ready:
                    good = busy[number].complete()
                    if good is None:
                        continue
                    connection, last_answer = busy.pop(number), time.perf_counter()
                    idle.append(connection)
                    if good:
                        latencies.append(last_answer - connection.since)
                    else:
                        failed += 1
            seconds = time.perf_counter() - begun
    finally:
        for connection in everyone:
            connection.line.close()
    return Measured(seconds, tuple(sorted(latencies)), failed + len(busy) + len(requests) - sent)


def _free(port: int, idle: list[_Connection], everyone: list[_Connection]) -> _Connection | None:
    if idle:
        idle[-1].renew_if_closed()
        return idle.pop()
    if len(everyone) >= MOST_CONNECTIONS:
        return None
    everyone.append(_Connection(port))
    return everyone[-1]
