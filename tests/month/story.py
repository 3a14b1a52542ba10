"""The month itself: how often what happens, and when."""

from datetime import datetime, timedelta
from pathlib import Path

from tests.month import rota
from tests.month.callers import Clients
from tests.month.colleagues import Team
from tests.month.ending import Ending
from tests.month.life import Life
from tests.month.lines import Rooms
from tests.month.proof import Proof
from tests.month.trouble import Trouble
from tests.world import World

DAYS = 31
#: So often in a month.
CALLS, TEXTS, DUTY, OPT_OUTS, TROUBLES = 28, 18, 14, 3, 14
#: In the night of a clock change, besides: in the hour that comes twice, or around the one that is skipped.
CALLS_AT_NIGHT = 6
#: So long after the month all is well and nobody acknowledges anything: everything comes to its end.
REST = timedelta(hours=40)


class Month:
    """A month of a desk that begins at `begins`, with a clock change at `change`."""

    def __init__(self, database_url: str, folder: Path, *, seed: int, begins: datetime, change: datetime) -> None:
        env = {"FLOWS_DIR": str(rota.flows(folder))}
        self.world = World(database_url, folder, rings=True, escalates=True, real_rate=True, **env)
        self.life = Life(self.world, seed, begins)
        rooms = Rooms(self.life)
        self.clients = Clients(self.life, rooms)
        self.team = Team(self.life, rooms, self.clients)
        self.trouble = Trouble(self.life)
        self.proof = Proof(self.life, self.clients, self.trouble)
        self.ending = Ending(self.life, self.proof, self.team, clients=self.clients, rooms=rooms)
        self.trouble.after_refusal.append(self.team.opts_in_again)
        self.begins, self.change = begins, change

    def passes(self) -> None:
        """Live through it, and through the rest after it."""
        try:
            self._passes()
        finally:
            self.world.close()

    def _passes(self) -> None:
        life, end = self.life, self.begins + timedelta(days=DAYS)
        self._plan()
        life.until(end)
        self.trouble.all_is_well()
        for number in rota.NUMBERS.values():
            self.clients.texts_in(number, "START")
        life.until(end + REST)
        self.ending.is_well()

    def _plan(self) -> None:
        for act, times in (
            (self.clients.someone_calls, CALLS),
            (self.clients.someone_texts, TEXTS),
            (self.team.somebody_changes_duty, DUTY),
            (self.team.somebody_opts_out, OPT_OUTS),
            (self.trouble.something_is_away, TROUBLES),
        ):
            for _ in range(times):
                self.life.at(self.begins + timedelta(days=self.life.chance.uniform(0, DAYS)), act)
        for _ in range(CALLS_AT_NIGHT):
            near = self.change + timedelta(minutes=self.life.chance.uniform(-120, 90))
            self.life.at(near, self.clients.someone_calls)
        hours = int((timedelta(days=DAYS) + REST).total_seconds() // 3600)
        for hour in range(hours):
            self.life.at(self.begins + timedelta(hours=hour, minutes=31), self.life.round)
            self.life.at(self.begins + timedelta(hours=hour, minutes=30 * (hour % 3)), self.proof.hourly)
