"""Plays TwiML for one call the way the carrier does: fetch, speak, listen, fetch again, until somebody ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urljoin

from ivr.sandbox import twiml, wire
from ivr.sandbox.delivery import Reply, WebhookFailed
from ivr.sandbox.dial import RoomDial
from ivr.sandbox.dial_number import NumberDial, number_of, rings_unanswered
from ivr.sandbox.line import Action, HungUp, Key, Redirected, Silence, Speech
from ivr.sandbox.recorder import Finished
from ivr.sandbox.stage import CallFailed, End, Request, Stage
from ivr.sandbox.twiml import Verb

APPLICATION_ERROR = "We are sorry. An application error has occurred. Goodbye."
# How fast the carrier speaks (characters a second).
SPEECH_RATE = 15.0
# A call that asks for so many documents goes in circles.
MAX_DOCUMENTS = 1000


class Player:
    """One call. `run()` returns how it ended; HungUp and Stopped come through as exceptions."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._line, self._sid = stage.line, stage.row()["sid"]
        self._url, self._method = "", "POST"
        self._verbs: dict[str, Callable[[Verb], Request | End | None]] = {
            "Say": self._aloud,
            "Play": self._aloud,
            "Pause": self._pause,
            "Gather": self._gather,
            "Record": self._record,
            "Dial": self._dial,
            "Redirect": self._redirect,
            "Hangup": lambda _verb: End(),
            "Reject": self._reject,
        }

    @property
    def url(self) -> str:
        """Where the last document came from."""
        return self._url

    def run(self, first: Request) -> End:
        """Play from the first request on until the call ends."""
        request: Request | None = first
        for _count in range(MAX_DOCUMENTS):
            if request is None:
                return End()
            try:
                outcome = self._document(request)
            except Redirected as order:
                outcome = Request(order.url, order.method, twiml=order.twiml)
            if isinstance(outcome, End):
                return outcome
            request = outcome
        self._error(11200, f"{MAX_DOCUMENTS} documents in one call: it goes in circles", url=self._url)
        return End(by="network")

    def _event(self, kind: str, **data: object) -> None:
        self._stage.store.event(self._sid, kind, **data)

    def _error(self, code: int, text: str, *, url: str) -> None:
        self._event("error", code=code, text=text, url=url)

    # -- documents ---------------------------------------------------------------------------------------------------

    def _document(self, request: Request) -> Request | End | None:
        try:
            verbs = self.verbs_of(request)
        except CallFailed as failure:
            self._error(failure.code, str(failure), url=failure.url)
            call = self._stage.row()
            fallback = call["fallback_url"]
            if fallback and failure.url != fallback:
                extra = {"ErrorCode": str(failure.code), "ErrorUrl": failure.url}
                return Request(fallback, call["fallback_method"] or "POST", extra)
            self._stage.answer()
            self._aloud(Verb("Say", text=APPLICATION_ERROR))
            return End()
        self._line.check()
        for index, verb in enumerate(verbs):
            if not (index == 0 and verb.name == "Reject") and not rings_unanswered(verb):
                self._stage.answer()
            outcome = self._verbs[verb.name](verb)
            if outcome is not None:
                return outcome
        self._stage.answer()
        return None

    def verbs_of(self, request: Request) -> list[Verb]:
        """The verbs of a document, fetched if need be. Raises CallFailed."""
        if request.twiml:
            text, kind = request.twiml, "text/xml"
        else:
            reply = self._fetch(request)
            text, kind = reply.text, reply.content_type
            self._url, self._method = reply.url, request.method
        if kind.startswith("audio/"):
            return [Verb("Play", text=self._url), Verb("Hangup")]
        if kind not in {"text/xml", "application/xml", "text/html", "text/plain"}:
            raise CallFailed(12300, f"Content-Type '{kind}' is not supported", url=self._url)
        try:
            document = twiml.parse(text)
        except twiml.TwimlError as error:
            if kind == "text/plain":
                return [Verb("Say", text=text)]
            raise CallFailed(twiml.PARSE_ERROR, str(error), url=self._url) from error
        for warning in document.warnings:
            self._event("warning", code=twiml.SCHEMA_WARNING, text=warning, url=self._url)
        return [verb for verb in document.verbs if verb.name in self._verbs]

    def _fetch(self, request: Request) -> Reply:
        stage = self._stage
        params = wire.call_params(stage.row(), stage.account) | dict(request.extra)
        stage.copies(request, params)
        try:
            return stage.sender.send(
                request.url, params, method=request.method, voice=True, token=wire.new_sid(""), session=stage.session
            )
        except WebhookFailed as failure:
            raise CallFailed(failure.code, str(failure), url=request.url) from failure

    def _action(self, verb: Verb, extra: Mapping[str, str]) -> Request:
        """The request a verb makes when it is done.

        Without an action the same document's URL again, as the carrier does it.
        """
        url = urljoin(self._url, verb.attrs["action"]) if verb.attrs.get("action") else self._url
        return Request(url, verb.attrs.get("method", "POST").upper(), extra)

    # -- verbs -------------------------------------------------------------------------------------------------------

    def _time(self, doing: str, seconds: float, *, at_keyboard: bool = False) -> Action | None:
        """Let time pass while the carrier is busy; a call at a keyboard does not wait for prompts."""
        if self._line.waits_for_caller and not at_keyboard:
            return self._line.wait(doing, 0)
        return self._line.wait(doing, self._stage.tempo.real(seconds))

    def _aloud(self, verb: Verb) -> None:
        self._speak(verb, "speaking")

    def _speak(self, verb: Verb, doing: str) -> Action | None:
        """Say or play once or in a loop; returns the caller's action that came in between."""
        for _turn in range(max(1, min(int(verb.number("loop", 1)) or 1000, 1000))):
            action = self._time(doing, self.utter(verb))
            if action is not None and doing == "gathering":
                return action
            if isinstance(action, Key):
                self._event("ignored", what=f"key {action.key}: nothing listens for keys now")
            elif isinstance(action, Silence):
                break
        return None

    def utter(self, verb: Verb) -> float:
        """Say or play once: it goes into the call's story, how long it lasts is returned (carrier's seconds)."""
        if verb.name != "Say":
            return self._fetch_sound(verb)
        attrs = {name: verb.attrs[name] for name in ("voice", "language") if name in verb.attrs}
        self._event("said", text=verb.text, **attrs)
        return len(verb.text) / SPEECH_RATE

    def _fetch_sound(self, verb: Verb) -> float:
        url = urljoin(self._url, verb.text)
        try:
            seconds = self._stage.sender.sound_seconds(url, self._stage.session)
        except WebhookFailed as failure:
            self._error(failure.code, str(failure), url=url)
            return 0.0
        self._event("played", url=url, seconds=round(seconds, 1))
        return seconds

    def _pause(self, verb: Verb) -> None:
        seconds = max(0.0, verb.number("length", 1))
        self._event("paused", seconds=seconds)
        self._time("pausing", seconds, at_keyboard=True)

    def _redirect(self, verb: Verb) -> Request:
        url = urljoin(self._url, verb.text)
        self._event("redirected", url=url)
        return Request(url, verb.attrs.get("method", "POST").upper())

    def _reject(self, verb: Verb) -> End:
        busy = verb.attrs.get("reason") == "busy"
        self._event("rejected", reason="busy" if busy else "rejected")
        return End(status="busy" if busy else "no-answer")

    def _gather(self, verb: Verb) -> Request | None:
        finish = verb.attrs.get("finishOnKey", "#")
        most = int(verb.number("numDigits", 0)) or 10_000
        seconds = verb.number("timeout", 5)
        digits, finished = "", ""
        action = next(filter(None, (self._nested(child) for child in verb.children)), None)
        if action is None:
            self._event("listening", keys=most if most < 10_000 else None, finish_on_key=finish, seconds=seconds)
        while True:
            if action is None:
                action = self._listen(seconds)
            if isinstance(action, Key) and "dtmf" in verb.attrs.get("input", "dtmf"):
                self._event("pressed", key=action.key)
                if action.key in finish:
                    finished = action.key
                    break
                digits += action.key
                if len(digits) >= most:
                    break
            elif isinstance(action, Speech):
                self._event("ignored", what="words: nothing records now")
            elif action is None or isinstance(action, Silence):
                self._event("silence", seconds=seconds)
                break
            action = None
        if not digits and not verb.flag("actionOnEmptyResult", False):
            return None
        return self._action(verb, {"Digits": digits, "FinishedOnKey": finished, "msg": "Gather End"})

    def _listen(self, seconds: float) -> Action | None:
        """What the caller does within the time-out, which runs at a keyboard only while the application's phones ring:
        who waits for a colleague does not sit and think."""
        if self._line.waits_for_caller:
            action = self._line.wait("gathering", None, until=self._stage.phones_ring)
            if action is not None:
                return action
        return self._line.wait("gathering", self._stage.tempo.real(seconds))

    def _nested(self, verb: Verb) -> Action | None:
        if verb.name == "Pause":
            return self._time("gathering", max(0.0, verb.number("length", 1)))
        return self._speak(verb, "gathering")

    def _record(self, verb: Verb) -> Request | End | None:
        try:
            done = self._stage.recorder.record(verb, self._line, base_url=self._url)
        except Redirected:
            self._stage.recorder.interrupted()
            raise
        except HungUp as end:
            finished = self._stage.recorder.interrupted()
            if end.by != "application" and finished is not None:
                self._ask_in_vain(self._action(verb, self._recorded(finished) | {"CallStatus": "completed"}))
            raise
        if done.empty and not self._stage.recorder.asks_when_empty:
            return None
        return self._action(verb, self._recorded(done))

    def _ask_in_vain(self, request: Request) -> None:
        """An action is requested although nobody hears what it answers."""
        try:
            self._fetch(request)
        except CallFailed as failure:
            self._error(failure.code, str(failure), url=failure.url)

    def _dial(self, verb: Verb) -> Request | None:
        before = self._url
        noun = number_of(verb)
        dial = RoomDial(self._stage, self) if noun is None else NumberDial(self._stage, self, noun)
        interrupted: dict[str, str] | None = None
        try:
            dial.run(verb)
        except Redirected:
            interrupted = {}
            raise
        except HungUp:
            answered = self._stage.row()["started"] is not None
            interrupted = {"CallStatus": "completed" if answered else "no-answer"}
            raise
        finally:
            # A document that was played to the waiting is not the one that this verb stands in.
            self._url = before
            if interrupted is not None and verb.attrs.get("action"):
                self._ask_in_vain(self._action(verb, dial.done.params | interrupted))
        return self._action(verb, dial.done.params) if verb.attrs.get("action") else None

    def _recorded(self, done: Finished) -> dict[str, str]:
        url = wire.recording_url(self._stage.account, done.sid)
        return {"RecordingUrl": url, "RecordingDuration": str(done.seconds), "Digits": done.digits}
