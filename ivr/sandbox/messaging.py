"""Texts in both directions: the carrier's checks, its keyword handling, the states a text goes through."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import sqlalchemy as sa

from ivr.sandbox import twiml, wire
from ivr.sandbox.behaviour import Behaviour, Behaviours, Outcome
from ivr.sandbox.config import SandboxConfig
from ivr.sandbox.delivery import Reply, Sender, WebhookFailed
from ivr.sandbox.dispatcher import OVERTAKING, TEXT, Dispatcher
from ivr.sandbox.numbers import Numbers, is_phone_number
from ivr.sandbox.store import Row, Store, blocked, media, messages, steps

# The vendor's lists for long codes (two words added 2025-05-14). A match is the whole text, whatever its case; spaces
# around it are stripped (not documented), anything else, also a full stop, makes it an ordinary text.
OPT_OUT = frozenset(["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"])
OPT_IN = frozenset(["start", "yes", "unstop"])
HELP = frozenset(["help", "info"])
ANSWER_OUT = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
ANSWER_IN = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
ANSWER_HELP = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
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


def plan(behaviour: Behaviour) -> list[tuple[float, str]]:
    """The states after the first one, with the seconds (of the carrier's time) after which each is reached."""
    ends = {
        Outcome.DELIVERED: [(0.5, "sent"), (1.2, "delivered")],
        Outcome.UNDELIVERED: [(0.5, "sent"), (1.2, "undelivered")],
        Outcome.FAILED: [(0.6, "failed")],
        Outcome.NO_REPORT: [(0.5, "sent")],
    }
    return [(0.1, "sending"), *ends[behaviour.outcome]]


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
        sender: Sender,
    ) -> None:
        self._config, self._store, self._dispatcher = config, store, dispatcher
        self._numbers, self._rules, self._sender = numbers, rules, sender
        dispatcher.on_text = self._answered

    def create(self, draft: Draft) -> Row:
        """Take a text for sending. Raises Refused as the REST API does, in the vendor's order of checks."""
        self._check(draft)
        behaviour = self._rules.of(draft.to)
        now = time.time()
        sid = wire.new_sid("MM" if draft.media_urls else "SM")
        planned, first = plan(behaviour), "accepted" if draft.service else "queued"
        last, speed = planned[-1][0], self._config.speed
        rows: list[sa.Insert] = [
            messages.insert().values(
                sid=sid,
                direction=draft.direction,
                from_number=draft.sender or self._config.number,
                to_number=draft.to,
                service_sid=draft.service or None,
                body=draft.body,
                status=first,
                num_media=len(draft.media_urls),
                media_urls=list(draft.media_urls),
                status_callback=draft.status_callback,
                created=now,
                updated=now,
            )
        ]
        for index, (delay, status) in enumerate(planned):
            code = behaviour.error_code or {"undelivered": 30003, "failed": 30007}.get(status)
            # Swapped order: the last report leaves first, the others after it.
            turn = last - delay + (len(planned) - 1 - index) * OVERTAKING * speed if behaviour.swapped else 0.0
            rows.append(
                steps.insert().values(
                    message_sid=sid,
                    due=now + delay / speed,
                    status=status,
                    callback_delay=turn,
                    error_code=code if status in {"undelivered", "failed"} else None,
                    received=status == "delivered" or (status == "sent" and behaviour.outcome is Outcome.NO_REPORT),
                )
            )
        self._store.write(*rows)
        # The text may be under way by now; the answer to its creation never shows that.
        return self.get(sid) | {"status": first, "sent_at": None}

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
        if self._store.one(blocked, blocked.c.phone == draft.to):
            raise Refused(21610)
        refusal = self._rules.refusal(draft.to)
        if refusal is not None:
            raise Refused(refusal, to=draft.to)

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
        behaviour = self._rules.of(phone)
        items = self._keep_pictures(sid, pictures, ready_at=now + behaviour.media_missing)
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
            "service_sid": None,
        }
        number = self._numbers.get()
        params = wire.message_in_params(row, self._config.account_sid, media=items)
        answer = self._keyword(phone, body) if self._config.keywords else ""
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

    def _keyword(self, phone: str, body: str) -> str:
        """Keep the block list; returns what the carrier itself answers. HELP from a blocked number gets nothing."""
        word = body.strip().lower()
        is_blocked = self._store.one(blocked, blocked.c.phone == phone) is not None
        if word in OPT_OUT and not is_blocked:
            self._store.insert(blocked, phone=phone)
            return ANSWER_OUT
        if word in OPT_IN and is_blocked:
            self._store.delete(blocked, blocked.c.phone == phone)
            return ANSWER_IN
        return ANSWER_HELP if word in HELP and not is_blocked else ""

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
