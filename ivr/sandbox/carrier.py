"""The whole carrier: its parts put together, and the thread that does what is due."""

from __future__ import annotations

import sys
import threading
import time
import traceback

from ivr.sandbox.account import Accounts
from ivr.sandbox.behaviour import Behaviours
from ivr.sandbox.calls import Calls, Network
from ivr.sandbox.config import SandboxConfig
from ivr.sandbox.delivery import Sender
from ivr.sandbox.dispatcher import Dispatcher
from ivr.sandbox.messaging import Messaging
from ivr.sandbox.numbers import Numbers
from ivr.sandbox.recorder import Archive
from ivr.sandbox.rooms import Rooms
from ivr.sandbox.store import Store


class Carrier:
    """One running sandbox. Opens the database, ends what a crash cut off, and works until `close`."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.store = Store(config.data)
        self.numbers = Numbers(config, self.store)
        self.rules = Behaviours(self.store)
        self.accounts = Accounts(config, self.store)
        sender, tempo = Sender(config.auth_token), self.accounts.tempo
        self.dispatcher = Dispatcher(self.store, sender, tempo=tempo)
        self.archive = Archive(config.account_sid, self.store, dispatcher=self.dispatcher, tempo=tempo)
        self.rooms = Rooms(config.account_sid, self.store, dispatcher=self.dispatcher, rules=self.rules, tempo=tempo)
        self.messaging = Messaging(
            config,
            self.store,
            dispatcher=self.dispatcher,
            numbers=self.numbers,
            rules=self.rules,
            accounts=self.accounts,
            sender=sender,
        )
        self.calls = Calls(
            Network(
                config,
                self.store,
                self.dispatcher,
                self.numbers,
                self.rules,
                sender=sender,
                archive=self.archive,
                rooms=self.rooms,
                tempo=tempo,
            )
        )
        self._stopping = threading.Event()
        self.calls.recover()
        self._thread = threading.Thread(target=self._work, name="carrier", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._stopping.is_set():
            seen = self.store.version
            try:
                following = min(self.messaging.run_due(), self.dispatcher.run_due())
            except Exception:
                # One bad row must not stop every other text and webhook; the next round tries it again.
                traceback.print_exc(file=sys.stderr)
                following = time.time() + 1.0
            self.store.wait(seen, max(0.005, min(1.0, following - time.time())))

    def close(self) -> None:
        """Stop working and give the files back. What was not delivered is delivered after the next start."""
        self._stopping.set()
        self.store.notify()
        self._thread.join(timeout=20)
        self.calls.stop()
        self.dispatcher.stop()
        self.store.close()
