"""Redis as a hint that work is there. Everything RQ is in this module; losing all of Redis loses nothing but time."""

import secrets
import signal
import threading
import time
from collections.abc import Iterable, Sequence
from types import FrameType
from typing import Any

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue as RqQueue
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from tickets.states import WorkKind

log = structlog.get_logger(__name__)

#: What wakes people goes first; the transcriber has a queue of its own, because it is a process of its own.
URGENT, ORDINARY, TRANSCRIBE = "helpline-urgent", "helpline-ordinary", "helpline-transcribe"
WORKER_QUEUES = (URGENT, ORDINARY)

_QUEUE_OF = {
    WorkKind.SEND_TEXT: URGENT,
    WorkKind.PAGE_DEADLINE: URGENT,
    WorkKind.PLACE_CALL: URGENT,
    WorkKind.END_CALL: URGENT,
    WorkKind.WATCH_RING: URGENT,
    WorkKind.MOVE_CALLER: URGENT,
    WorkKind.MOVE_COLLEAGUE: URGENT,
    WorkKind.ESCALATE: URGENT,
    WorkKind.OTHER_WAY: URGENT,
    WorkKind.TRANSCRIBE: TRANSCRIBE,
}

#: A job is a hint; should it fail in RQ's own machinery its remains go away soon.
FAILURE_TTL = 600
#: Seconds after which RQ interrupts a job; leases and time-outs of our own end everything earlier but a transcription.
JOB_TIMEOUT = 900
#: After the broker did not answer, webhooks do not ask it again for so many seconds: the sweep will.
BREAK = 3.0
#: A worker that looks a moment too early finds nothing due.
TIMER_SLACK = 0.005


class BrokerDown(Exception):
    """Redis does not answer."""


def connect(url: str, *, patient: bool = False) -> "Redis":
    """A connection that fails fast. `patient` is for a worker, which waits in blocking reads."""
    timeout = None if patient else 2.0
    return Redis.from_url(url, socket_connect_timeout=1.0, socket_timeout=timeout, retry=Retry(NoBackoff(), 0))


def job_id(kind: str, work_id: int, attempts: int) -> str:
    """The same piece of work at the same attempt has one name, so the sweep sees that it is queued already.

    Should it be queued twice all the same, each hint is a job of its own: RQ trips over one job in two workers."""
    return f"{kind}-{work_id}-{attempts}"


class JobQueue:
    """Puts hints into Redis. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url)
        self._queues = {
            name: RqQueue(name, connection=self._redis, serializer=JSONSerializer, default_timeout=JOB_TIMEOUT)
            for name in (URGENT, ORDINARY, TRANSCRIBE)
        }
        self._broken_until = 0.0
        self._timers: dict[str, threading.Timer] = {}

    def hint(self, due: Iterable[tuple[str, int, int]]) -> None:
        """Announce work after its commit. Never raises and never waits long: what is lost here, the sweep finds."""
        if time.monotonic() < self._broken_until:
            return
        try:
            self.put(due)
        except BrokerDown as error:
            self._broken_until = time.monotonic() + BREAK
            log.warning("the broker does not answer; the sweep will queue this work", error=str(error))

    def hint_in(self, seconds: float, piece: tuple[str, int, int]) -> None:
        """Announce a piece of work so many seconds from now, or a little later, never before. Never raises. What is lost
        with this process, the sweep finds. The same piece announced again before its time is announced once."""
        name = job_id(*piece)

        def announce() -> None:
            self._timers.pop(name, None)
            self.hint([piece])

        timer = threading.Timer(seconds + TIMER_SLACK, announce)
        timer.daemon = True
        if earlier := self._timers.pop(name, None):
            earlier.cancel()
        self._timers[name] = timer
        timer.start()

    def put(self, due: Iterable[tuple[str, int, int]]) -> None:
        """Queue work. Raises BrokerDown."""
        try:
            for kind, work_id, attempts in due:
                queue = self._queues[_QUEUE_OF.get(WorkKind(kind), ORDINARY)]
                queue.enqueue_call(
                    "ivr.jobs.run",
                    args=[work_id],
                    job_id=f"{job_id(kind, work_id, attempts)}-{secrets.token_hex(4)}",
                    timeout=-1 if kind == WorkKind.TRANSCRIBE else JOB_TIMEOUT,
                    result_ttl=0,
                    failure_ttl=FAILURE_TTL,
                )
        except (RedisError, OSError) as error:
            raise BrokerDown(f"Redis does not answer: {type(error).__name__}") from error

    def queued(self) -> set[str]:
        """The names (`job_id`) of all queued jobs. Raises BrokerDown."""
        try:
            return {id_.rpartition("-")[0] for queue in self._queues.values() for id_ in queue.get_job_ids()}
        except (RedisError, OSError) as error:
            raise BrokerDown(f"Redis does not answer: {type(error).__name__}") from error

    def lengths(self) -> dict[str, int]:
        """How many jobs wait in each queue. Raises BrokerDown."""
        try:
            return {name: len(queue) for name, queue in self._queues.items()}
        except (RedisError, OSError) as error:
            raise BrokerDown(f"Redis does not answer: {type(error).__name__}") from error

    def check(self) -> None:
        """One round trip. Raises BrokerDown."""
        try:
            self._redis.ping()
        except (RedisError, OSError) as error:
            raise BrokerDown(f"Redis does not answer: {type(error).__name__}") from error


class _Worker(SimpleWorker):
    """RQ's worker without a fork: seven times the jobs a second, and the only kind in which a loaded model works."""

    #: RQ's own pause grows to a minute while Redis is away; a page must not wait for that.
    max_connection_wait_time = 2.0

    def __init__(self, *args: Any, over: threading.Event, **options: Any) -> None:
        super().__init__(*args, **options)
        self._over = over

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """RQ remembers being asked to stop only while a job runs; an idle worker has to remember it as well."""
        self._over.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def work(url: str, queues: Sequence[str]) -> None:
    """Do jobs from these queues until SIGTERM or SIGINT. When Redis goes away, wait for it and go on."""
    over = threading.Event()
    while not over.is_set():
        for number in (signal.SIGTERM, signal.SIGINT):  # RQ leaves its own handlers behind
            signal.signal(number, lambda *_: over.set())
        try:
            connection: Any = connect(url, patient=True)
            worker = _Worker(list(queues), connection=connection, serializer=JSONSerializer, over=over)
            # RQ writes a traceback for a Redis that goes away; jobs log their own failures.
            worker.work(logging_level="CRITICAL")
            if not over.is_set():
                log.warning("the broker went away; connecting again")
        except (RedisError, OSError) as error:
            log.warning("waiting for the broker", error=type(error).__name__)
        over.wait(1.0)
