"""Texts in both directions: the carrier's checks, the queue of what is to be sent, the states a text goes through."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import sqlalchemy as sa

from ivr.sandbox import twiml, wire
from ivr.sandbox.account import Account, Accounts, KeywordHandling
from ivr.sandbox.behaviour import Behaviour, Behaviours
from ivr.sandbox.config import SandboxConfig, Tempo
from ivr.sandbox.course import Step, course, turns
from ivr.sandbox.delivery import Reply, Sender, WebhookFailed
from ivr.sandbox.dispatcher import TEXT, Dispatcher
from ivr.sandbox.keywords import BlockList, meaning
from ivr.sandbox.numbers import Numbers, is_phone_number
from ivr.sandbox.store import Row, Store, media, messages, steps

# A text whose turn to be sent has not come, or that is being sent.
WAITING = ("accepted", "queued", "sending")
MAX_BODY = 1600


class Refused(Exception):
    """The REST API says no: the vendor's error number and the words that fill its text."""

    def __init__(self, code: int, **names: str) -> None:
        super().__init__(code)
        self.code, self.names = code, names


@dataclass(frozen=True)
class Draft:
    """A text that the application wants sent."""

    to: str
    body: str = ""
    sender: str = ""
    service: str = ""
    media_urls: tuple[str, ...] = ()
    status_callback: str = ""
    direction: str = "outbound-api"


class Messaging:
    """Sends, receives and answers texts; every change is a row before anything leaves."""

    def __init__(
        self,
        config: SandboxConfig,
        store: Store,
        *,
        dispatcher: Dispatcher,
        numbers: Numbers,
        rules: Behaviours,
        accounts: Accounts,
        sender: Sender,
    ) -> None:
        self._config, self._store, self._dispatcher = config, store, dispatcher
        self._tempo: Tempo = accounts.tempo
        self._numbers, self._rules, self._accounts, self._sender = numbers, rules, accounts, sender
        self._blocks = BlockList(store)
        self._taking = threading.Lock()
        dispatcher.on_text = self._answered

    def create(self, draft: Draft) -> Row:
        """Take a text for sending. Raises Refused as the REST API does, in the vendor's order of checks."""
        self._check(draft)
        account, behaviour = self._accounts.get(), self._rules.of(draft.to)
        # One text after the other, so that no two of them take the same turn or the last place in the queue.
        with self._taking:
            fails_with = self._fails_later(draft, account)
            refusal = None if fails_with else self._refusal(draft, account)
            if refusal is not None:
                raise Refused(refusal, to=draft.to)
            row = self._row(draft, account, waits=fails_with is None)
            self._store.write(
                messages.insert().values(**row), *self._steps(row, course(behaviour, fails_with=fails_with), behaviour)
            )
        # The text may be under way by now; the answer to its creation never shows that.
        return self.get(row["sid"]) | {"status": row["status"], "sent_at": None}

    def _check(self, draft: Draft) -> None:
        if not draft.to:
            raise Refused(21604)
        if not draft.sender and not draft.service:
            raise Refused(21603)
        if not is_phone_number(draft.to):
            raise Refused(21211, to=draft.to)
        if draft.sender and draft.sender != self._config.number:
            raise Refused(21606, **{"from": draft.sender})
        if draft.to == self._config.number:
            raise Refused(21266)
        if not draft.body and not draft.media_urls:
            raise Refused(21602)
        if len(draft.body) > MAX_BODY:
            raise Refused(21617)

    def _blocked(self, draft: Draft, account: Account) -> bool:
        return account.keywords is not KeywordHandling.OFF and self._blocks.holds(draft.to)

    def _fails_later(self, draft: Draft, account: Account) -> int | None:
        """The error number with which a text fails that the API takes all the same."""
        if self._blocked(draft, account):
            return 21610 if account.refuses_later else None
        return 30001 if draft.service and self._queue_is_full(draft, account) else None

    def _refusal(self, draft: Draft, account: Account) -> int | None:
        """The error number that the API answers at once."""
        if self._blocked(draft, account):
            return 21610
        refusal = self._rules.refusal(draft.to)
        return 21611 if refusal is None and self._queue_is_full(draft, account) else refusal

    def _queue_is_full(self, draft: Draft, account: Account) -> bool:
        if account.queue_limit is None:
            return False
        waiting = sa.select(sa.func.coalesce(sa.func.sum(messages.c.segments), 0).label("segments")).where(
            messages.c.turn.is_not(None), messages.c.status.in_(WAITING)
        )
        return bool(self._store.rows(waiting)[0]["segments"] + _segments(draft) > account.queue_limit)

    def _row(self, draft: Draft, account: Account, *, waits: bool) -> Row:
        """The text as it is taken; one that `waits` gets its turn behind all the others."""
        now = turn = time.time()
        size, rate = _segments(draft), account.segments_per_second if waits else None
        if rate is not None:
            last = self._store.rows(sa.select(sa.func.max(messages.c.turn_ends).label("at")))[0]["at"]
            turn = max(now, last or now)
        return {
            "sid": wire.new_sid("MM" if draft.media_urls else "SM"),
            "direction": draft.direction,
            "from_number": draft.sender or self._config.number,
            "to_number": draft.to,
            "service_sid": draft.service or None,
            "body": draft.body,
            "status": "accepted" if draft.service else "queued",
            "num_media": len(draft.media_urls),
            "media_urls": list(draft.media_urls),
            "status_callback": draft.status_callback,
            "created": now,
            "updated": now,
            "segments": size,
            "turn": turn,
            "turn_ends": None if rate is None else turn + self._tempo.real(size / rate),
        }

    def _steps(self, row: Row, planned: Sequence[Step], behaviour: Behaviour) -> list[sa.Insert]:
        speed = self._tempo.speed
        held_back = turns(planned, swapped=behaviour.swapped, speed=speed)
        return [
            steps.insert().values(
                message_sid=row["sid"],
                due=row["turn"] + step.after / speed,
                status=step.status,
                callback_delay=held,
                error_code=step.error_code,
                received=step.received,
            )
            for step, held in zip(planned, held_back, strict=True)
        ]

    def get(self, sid: str) -> Row:
        """The text with this id. Raises KeyError."""
        row = self._store.one(messages, messages.c.sid == sid)
        if row is None:
            raise KeyError(sid)
        return row

    def run_due(self) -> float:
        """Take every step that is due; returns when to look again."""
        now = time.time()
        following = now + 60.0
        for step in self._store.rows(sa.select(steps).order_by(steps.c.due, steps.c.id).limit(500)):
            if step["due"] > now:
                return min(following, float(step["due"]))
            self._advance(step, now)
        return following

    def _advance(self, step: Row, now: float) -> None:
        message = self._store.one(messages, messages.c.sid == step["message_sid"])
        change: list[sa.Insert | sa.Update | sa.Delete] = [steps.delete().where(steps.c.id == step["id"])]
        if message is not None:
            values: dict[str, Any] = {"status": step["status"], "updated": now, "error_code": step["error_code"]}
            if step["status"] == "sent":
                values["sent_at"] = now
            change.append(messages.update().where(messages.c.sid == message["sid"]).values(**values))
            params = wire.message_status_params(
                message, self._config.account_sid, status=step["status"], error_code=step["error_code"]
            )
            behaviour = self._rules.of(message["to_number"])
            change += self._dispatcher.statements(
                message["status_callback"] or "",
                "POST",
                params=params,
                behaviour=behaviour,
                delay=step["callback_delay"] or 0.0,
            )
        self._store.write(*change)
        if message is not None and step["received"]:
            self._store.receive(message["sid"])

    def receive(self, phone: str, body: str, *, pictures: Sequence[tuple[str, bytes]] = ()) -> str:
        """A phone texts the desk; `pictures` are (content type, bytes). Returns the id of the text."""
        now = time.time()
        sid = wire.new_sid("MM" if pictures else "SM")
        behaviour, handling = self._rules.of(phone), self._accounts.get().keywords
        items = self._keep_pictures(sid, pictures, ready_at=now + behaviour.media_missing)
        advanced = handling is KeywordHandling.ADVANCED
        row = {
            "sid": sid,
            "direction": "inbound",
            "from_number": phone,
            "to_number": self._config.number,
            "body": body,
            "status": "received",
            "num_media": len(items),
            "created": now,
            "updated": now,
            "sent_at": now,
            "service_sid": self._numbers.service_sid if advanced else None,
        }
        number = self._numbers.get()
        word = None if handling is KeywordHandling.OFF else meaning(body)
        params = wire.message_in_params(
            row, self._config.account_sid, media=items, opt_out_type=word if word and advanced else ""
        )
        answer = self._blocks.obey(phone, word)
        self._store.write(
            messages.insert().values(**row),
            *[media.insert().values(**item) for item in items],
            *self._dispatcher.statements(
                number["sms_url"], number["sms_method"], params=params, behaviour=behaviour, kind=TEXT, message_sid=sid
            ),
        )
        if answer:
            self._automatic(phone, answer)
        return sid

    def _keep_pictures(self, sid: str, pictures: Sequence[tuple[str, bytes]], *, ready_at: float) -> list[Row]:
        """Write the files of a text; returns their rows, which are still to be stored."""
        items = []
        for kind, data in pictures:
            item = {"sid": wire.new_sid("ME"), "message_sid": sid, "content_type": kind}
            self._store.file(item["sid"]).write_bytes(data)
            items.append({**item, "created": time.time(), "ready_at": ready_at})
        return items

    def _automatic(self, phone: str, body: str) -> None:
        now = time.time()
        sid = wire.new_sid("SM")
        self._store.insert(
            messages,
            sid=sid,
            direction="outbound-reply",
            from_number=self._config.number,
            to_number=phone,
            body=body,
            status="delivered",
            num_media=0,
            created=now,
            updated=now,
            sent_at=now,
        )
        self._store.receive(sid)

    def _answered(self, row: Row, answer: Reply | WebhookFailed) -> str:
        """The application answered a text: carry out its TwiML. Returns a note for the webhook log."""
        number = self._numbers.get()
        if isinstance(answer, WebhookFailed):
            fallback = number["sms_fallback_url"]
            if not fallback:
                return "no fallback URL, nothing was sent"
            extra = {"ErrorCode": str(answer.code), "ErrorUrl": row["url"]}
            return self._ask_again(row, fallback, method=number["sms_fallback_method"], extra=extra)
        return self._carry_out(row, answer, redirects=0)

    def _ask_again(self, row: Row, url: str, *, method: str, extra: Mapping[str, str], redirects: int = 0) -> str:
        try:
            reply = self._sender.send(url, row["params"] | dict(extra), method=method, token=row["token"])
        except WebhookFailed as failure:
            return f"{url} failed too: {failure.code}: {failure}"
        return self._carry_out(row, reply, redirects=redirects)

    def _carry_out(self, row: Row, reply: Reply, *, redirects: int) -> str:
        phone = row["params"]["From"]
        if not reply.text.strip():
            return f"HTTP {reply.status}, empty"
        if reply.content_type == "text/plain":
            return self._reply(Draft(to=phone, body=reply.text.strip()))
        try:
            document = twiml.parse(reply.text)
        except twiml.TwimlError as error:
            return f"{twiml.PARSE_ERROR}: {error}"
        notes = [f"{twiml.SCHEMA_WARNING}: {warning}" for warning in document.warnings]
        for verb in document.verbs:
            if verb.name == "Redirect" and redirects < 10:
                url = urljoin(reply.url, verb.text)
                notes.append(
                    self._ask_again(
                        row, url, method=verb.attrs.get("method", "POST"), extra={}, redirects=redirects + 1
                    )
                )
                break
            if verb.name == "Message":
                notes.append(self._reply(_draft(verb, phone, url=reply.url)))
        return "; ".join(note for note in notes if note) or f"HTTP {reply.status}"

    def _reply(self, draft: Draft) -> str:
        try:
            sent = self.create(
                Draft(**{**draft.__dict__, "sender": self._config.number, "direction": "outbound-reply"})
            )
        except Refused as refusal:
            return f"{refusal.code}: the reply to {draft.to} was not sent"
        return f"replied with {sent['sid']}"


def _segments(draft: Draft) -> int:
    """What a text takes of the number's rate: its segments; one for a picture without words."""
    return max(1, wire.segments(draft.body))


def _draft(verb: twiml.Verb, phone: str, *, url: str) -> Draft:
    bodies = [child.text for child in verb.children if child.name == "Body"]
    pictures = tuple(urljoin(url, child.text) for child in verb.children if child.name == "Media")
    callback = verb.attrs.get("statusCallback") or verb.attrs.get("action") or ""
    return Draft(
        to=verb.attrs.get("to", phone),
        body="\n".join(bodies) or verb.text,
        media_urls=pictures,
        status_callback=urljoin(url, callback) if callback else "",
    )
