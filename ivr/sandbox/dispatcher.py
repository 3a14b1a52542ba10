"""Asynchronous webhooks: written down first, delivered by threads, given up when the vendor would give up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import sqlalchemy as sa

from ivr.sandbox.behaviour import Behaviour
from ivr.sandbox.config import Tempo
from ivr.sandbox.delivery import Reply, Sender, WebhookFailed
from ivr.sandbox.store import Row, Store, webhooks
from ivr.sandbox.wire import new_sid

# An incoming text waits for TwiML in the answer; a copy is the same webhook again, its answer is ignored.
STATUS, TEXT, COPY = "status", "text", "copy"

# Seconds of a clock on the wall between webhooks that are to arrive in reverse order.
OVERTAKING = 0.4


class Dispatcher:
    """Queue of webhooks in the database. `on_text(row, reply or failure)` gets the answers to incoming texts."""

    def __init__(self, store: Store, sender: Sender, *, tempo: Tempo) -> None:
        self._store, self._sender, self._tempo = store, sender, tempo
        self._busy: set[int] = set()
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(32)
        self.on_text: Callable[[Row, Reply | WebhookFailed], str] = lambda _row, _reply: ""

    def statements(
        self,
        url: str,
        method: str,
        *,
        params: Mapping[str, str],
        behaviour: Behaviour,
        kind: str = STATUS,
        delay: float = 0.0,
        message_sid: str | None = None,
    ) -> list[sa.Insert]:
        """What to write so that the webhook goes out `delay` seconds of the carrier's time from now.

        Nothing without a URL, and no status callback to a number whose callbacks get lost.
        """
        if not url or (behaviour.lost and kind == STATUS):
            return []
        due = time.time() + self._tempo.real(delay) + (behaviour.late if kind == STATUS else 0.0)
        row = {
            "url": url,
            "method": method or "POST",
            "params": dict(params),
            "state": "pending",
            "attempts": 0,
            "token": new_sid(""),
            "message_sid": message_sid,
            "note": "",
        }
        copies = [COPY] * (max(1, behaviour.duplicates) - 1)
        return [
            webhooks.insert().values(kind=each, due=due + turn * behaviour.repeat_after, **row)
            for turn, each in enumerate([kind, *copies])
        ]

    def queue(
        self, url: str, method: str, *, params: Mapping[str, str], behaviour: Behaviour, delay: float = 0.0
    ) -> None:
        """Write down one status webhook."""
        self._store.write(*self.statements(url, method, params=params, behaviour=behaviour, delay=delay))

    def run_due(self) -> float:
        """Start whatever is due; returns when to look again (seconds since the epoch)."""
        now = time.time()
        query = (
            sa.select(webhooks).where(webhooks.c.state == "pending").order_by(webhooks.c.due, webhooks.c.id).limit(500)
        )
        following = now + 60.0
        for row in self._store.rows(query):
            if row["due"] > now:
                following = min(following, row["due"])
                continue
            with self._lock:
                if row["id"] in self._busy:
                    continue
                self._busy.add(row["id"])
            self._slots.acquire()
            threading.Thread(target=self._deliver, args=(row,), name=f"webhook-{row['id']}", daemon=True).start()
        return following

    def _deliver(self, row: Row) -> None:
        here = webhooks.c.id == row["id"]
        try:
            # The row may have been delivered between the look at the queue and now.
            if not self._store.update(webhooks, here & (webhooks.c.state == "pending"), attempts=row["attempts"] + 1):
                return
            state, note = self._exchange(row)
            self._store.update(webhooks, here, state=state, note=note)
        finally:
            self._slots.release()
            with self._lock:
                self._busy.discard(row["id"])

    def _exchange(self, row: Row) -> tuple[str, str]:
        answer: Reply | WebhookFailed
        voice = not {"CallSid", "ConferenceSid"}.isdisjoint(row["params"])
        try:
            answer = self._sender.send(row["url"], row["params"], method=row["method"], voice=voice, token=row["token"])
        except WebhookFailed as failure:
            answer = failure
        note = self.on_text(row, answer) if row["kind"] == TEXT else ""
        if isinstance(answer, WebhookFailed):
            return "failed", f"{answer.code}: {answer}" + (f"; {note}" if note else "")
        return "done", note or f"HTTP {answer.status}"

    def stop(self, seconds: float = 3.0) -> None:
        """Let deliveries under way come to their end, for at most so long.

        The others come again after the next start.
        """
        until = time.monotonic() + seconds
        while self._busy and time.monotonic() < until:
            time.sleep(0.02)

    def recent(self, limit: int = 200) -> list[Row]:
        """The last webhooks, newest first."""
        return self._store.rows(sa.select(webhooks).order_by(webhooks.c.id.desc()).limit(limit))
