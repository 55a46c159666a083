"""What Neon calls a compute: one data directory, awake with its pooler in front, or asleep."""

import threading
import time
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from dev import Trouble
from dev.locks import claim
from dev.neon.computes import pgbouncer
from dev.neon.computes.idle import wait_until_idle
from dev.neon.computes.pgbouncer import PgBouncer, Settings
from dev.postgres import Postgres
from dev.programs import run

VERSION = 18


class Compute:
    """Any thread may call any method; whoever comes during a change waits for its end."""

    def __init__(
        self, directory: Path, *, durable: bool = False, settings: Settings | None = None
    ) -> None:
        self.has_pooler = pgbouncer.program() is not None
        """Without a PgBouncer on this machine, pooled connections go straight to Postgres."""
        self.wakes = 0
        self.direct = self.pooled = 0
        """The ports of Postgres and of PgBouncer; a wake changes both."""
        self._directory = directory
        self._postgres = Postgres(directory / "postgres", VERSION, durable=durable)
        self._pooler = PgBouncer(directory / "pgbouncer", settings or Settings())
        self._awake = False
        self._idle: float | None = None
        self._mine: IO[str] | None = None
        self._turn = threading.RLock()

    @property
    def running(self) -> bool:
        """Awake, and neither of its servers has died by itself."""
        pooled = not self.has_pooler or self._pooler.lives()
        return self._awake and pooled and self._postgres.lives()

    @property
    def data(self) -> Path:
        return self._postgres.data

    def admin_url(self) -> str:
        """How the superuser connects, past everything, while it runs."""
        return self._postgres.url

    def start(self, delay: float = 0.0) -> None:
        """Wake it, after so many seconds, unless it is awake."""
        with self._turn:
            if self.running:
                return
            if self._awake:  # it died by itself
                self.suspend()
            time.sleep(delay)
            self._end_orphans()
            try:
                self._serve()
            except BaseException:  # Ctrl-C too must leave no server behind
                self.suspend()
                raise
            self._awake = True
            self.wakes += 1
            self._watch()

    def suspend(self) -> None:
        """End it as Neon does: PgBouncer at once, Postgres with a word to its clients.

        What a killed process of ours has left of it is ended, too.
        """
        with self._turn:
            if not self._mine:
                self._end_orphans()
            self._awake = False
            self._pooler.kill()
            try:
                self._postgres.stop()
            finally:
                if self._mine:
                    self._mine.close()
                    self._mine = None

    def suspend_after(self, seconds: float | None) -> None:
        """Suspend it whenever no statement has run for so long; None is never."""
        with self._turn:
            self._idle = seconds
            if self.running:
                self._watch()

    def restart_postgres(self) -> None:
        """As after a crash of Postgres alone: PgBouncer and its clients live on."""
        with self._turn:
            at = ("-D", self.data, "-l", self._postgres.log)
            run(VERSION, "pg_ctl", "restart", "-m", "immediate", "-w", *at, owned=self.data)
            self._watch()

    def restart_pgbouncer(self) -> None:
        """As after a crash of PgBouncer alone: direct clients notice nothing."""
        with self._turn:
            self._pooler.kill()
            self._start_pooler()

    def _serve(self) -> None:
        self._postgres.start()
        self.direct = self.pooled = urlsplit(self.admin_url()).port or 0
        if self.has_pooler:
            self._start_pooler()

    def _start_pooler(self) -> None:
        self._pooler.start(self.direct, urlsplit(self.admin_url()).password or "")
        self.pooled = self._pooler.port

    def _end_orphans(self) -> None:
        self._claim()
        self._pooler.end_orphan()
        if (self.data / "postmaster.pid").exists():
            with self._postgres:
                pass  # taken over; the last user to leave stops it

    def _claim(self) -> None:
        if self._mine:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        mine = (self._directory / "compute.lock").open("a")
        if not claim(mine):
            mine.close()
            raise Trouble(f"Another process runs the compute in {self._directory}.")
        self._mine = mine

    def _watch(self) -> None:
        if self._idle is not None:
            arguments = (self.wakes, self.admin_url(), self._idle)
            threading.Thread(target=self._suspend_when_idle, args=arguments, daemon=True).start()

    def _suspend_when_idle(self, wake: int, url: str, seconds: float) -> None:
        if wait_until_idle(url, seconds):
            with self._turn:
                if (wake, seconds) == (self.wakes, self._idle):  # else somebody was faster
                    self.suspend()
