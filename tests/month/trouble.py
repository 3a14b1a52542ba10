"""What goes wrong: the carrier refuses or gives no answer; broker, database, transcriber are away; workers die."""

from collections.abc import Callable

from tests.month.life import Life
from tickets.outbox import Handed, NotSent, OutcomeUnknown, Refusal, TextRefused

#: Errors of the carrier for one text or call, and how often each of them comes among those.
ERRORS: dict[Callable[[], BaseException], int] = {
    lambda: TextRefused(Refusal.PERMANENT, "21614", "not a mobile number"): 3,
    lambda: TextRefused(Refusal.OPTED_OUT, "21610", "unsubscribed recipient"): 1,
    lambda: TextRefused(Refusal.RETRY, "20429", "too many requests"): 2,
    lambda: TextRefused(Refusal.CONFIG, "30034", "not registered"): 1,
    lambda: OutcomeUnknown("timed out"): 4,
    lambda: OutcomeUnknown("500", answered=True): 2,
    lambda: NotSent("connection refused"): 3,
    SystemExit: 3,
}  # fmt: skip
CALL_ERRORS: dict[Callable[[], BaseException], int] = {
    lambda: TextRefused(Refusal.PERMANENT, "21217", "not a phone number"): 3,
    lambda: OutcomeUnknown("timed out"): 3,
    lambda: NotSent("connection refused"): 3,
    SystemExit: 3,
}  # fmt: skip


class Trouble:
    """All that goes wrong. `asked` are called with each text and call before the carrier gets it."""

    def __init__(self, life: Life, share: float = 0.06) -> None:
        self.life, self.share = life, share
        self.before_text: list[Callable[[str, str], None]] = []
        self.before_call: list[Callable[[str, str], None]] = []
        self.after_refusal: list[Callable[[str], None]] = []
        self._send, self._place = life.world.carrier.send_text, life.world.carrier.place_call
        life.world.carrier.send_text = self._sends  # type: ignore[method-assign]
        life.world.carrier.place_call = self._places  # type: ignore[method-assign]

    def _sends(self, *, to: str, body: str) -> Handed:
        for look in self.before_text:
            look(to, body)
        carrier = self.life.world.carrier
        carrier.created_although_unknown = self.life.chance.random() < 0.6
        carrier.refuse[to] = [self._error(ERRORS)] if self.life.often(self.share) else []
        if body.startswith("URGENT") and self.life.often(0.05):  # some have the page, and the others wait for it
            self.life.soon(self.life.chance.uniform(0, 3), lambda: self._carrier(away=True))
            self.life.soon(self.life.chance.uniform(60, 900), self._carrier)
        try:
            return self._send(to=to, body=body)
        except TextRefused as refused:
            if refused.kind is Refusal.OPTED_OUT:
                for told in self.after_refusal:
                    told(to)
            raise

    def _places(self, *, to: str, url: str, status_url: str, ring_seconds: int) -> Handed:
        for look in self.before_call:
            look(to, status_url)
        carrier = self.life.world.carrier
        carrier.created_although_unknown = self.life.chance.random() < 0.6
        carrier.refuse_calls[to] = [self._error(CALL_ERRORS)] if self.life.often(self.share) else []
        return self._place(to=to, url=url, status_url=status_url, ring_seconds=ring_seconds)

    def _error(self, errors: dict[Callable[[], BaseException], int]) -> BaseException:
        return self.life.chance.choices([*errors], [*errors.values()])[0]()

    # --- minutes without ----------------------------------------------------------------------------------------------

    def something_is_away(self) -> None:
        chance = self.life.chance
        what, longest = chance.choice([("carrier", 900), ("broker", 600), ("database", 240), ("transcriber", 4000)])
        getattr(self, f"_{what}")(away=True)
        self.life.soon(chance.uniform(5, longest), getattr(self, f"_{what}"))

    def _carrier(self, *, away: bool = False) -> None:
        self.life.world.carrier.down = away

    def _broker(self, *, away: bool = False) -> None:
        self.life.world.queue.down = away
        self.life.world.queue.jobs.clear()

    def _transcriber(self, *, away: bool = False) -> None:
        self.life.world.transcriber_runs = not away

    def _database(self, *, away: bool = False) -> None:
        if away:
            self.life.loses_database()
        else:
            self.life.finds_database()

    def all_is_well(self) -> None:
        self._carrier()
        self._broker()
        self._transcriber()
        self._database()
        self.life.calm = True
