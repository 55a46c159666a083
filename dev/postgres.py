"""A real Postgres in any directory, with nothing installed on the machine but a wheel."""

import secrets
import shutil
import socket
from pathlib import Path
from typing import IO, Self

import psycopg2

from dev import Trouble
from dev.locks import claim, share, turn
from dev.programs import command_of, hand_over, run

HOST = "127.0.0.1"

SETTINGS = [
    f"listen_addresses={HOST}",
    "unix_socket_directories=",  # a socket's path may not pass 107 bytes; a checkout's may
    "max_connections=200",
    "timezone=UTC",
]
QUICK = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB"]
"""For data that nobody will miss after a power cut."""

STOP = ("stop", "-m", "fast", "-t", "20")  # disconnects its clients; seconds until it gives up

WORDS = ["--encoding=UTF8", "--locale=C"]
LOCALE = {18: [*WORDS, "--locale-provider=builtin", "--builtin-locale=C.UTF-8"], 16: WORDS}
"""Postgres 18 sorts and folds case as Neon does; 16 has no such locale of its own."""


class Postgres:
    """A server shared by the processes that use it: the first starts it, the last stops it.

    Its log, its password and its locks lie beside the data. A server that a killed process
    left behind is taken over.
    """

    def __init__(self, directory: Path, version: int = 18, *, durable: bool = False) -> None:
        self.data = directory.absolute()
        self.log = self._beside("log")
        self._version = version
        self._settings = SETTINGS if durable else SETTINGS + QUICK
        self._using: IO[str] | None = None

    @property
    def url(self) -> str:
        """Where the running server answers."""
        port = (self.data / "postmaster.pid").read_text().splitlines()[3]
        password = self._beside("password").read_text()
        return f"postgresql://postgres:{password}@{HOST}:{port}/postgres"

    def start(self) -> None:
        self.data.parent.mkdir(parents=True, exist_ok=True)
        with turn(self._beside("lock")):
            self._using = share(self._beside("users"))
        try:
            with turn(self._beside("lock")):
                self._serve()
        except BaseException:  # Ctrl-C too must leave no server behind
            self.stop()
            raise

    def stop(self) -> None:
        """Leave; whoever is the last to leave stops the server."""
        if self._using is None:
            return
        with turn(self._beside("lock")), self._using as using:
            self._using = None
            if claim(using) and self.lives():
                self._control(*STOP)

    def lives(self) -> bool:
        """Whether the process that the pid file names is there: a killed one leaves the file."""
        file = self.data / "postmaster.pid"
        try:
            return bool(command_of(file.read_text().split()[0]))  # a dead one has an empty line
        except (FileNotFoundError, IndexError):
            return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self) -> None:
        if not self.data.exists():
            self._make()
        elif self._answers():
            return
        self._clear()
        options = [f"-c {setting}" for setting in (f"port={_free_port()}", *self._settings)]
        self._control("start", "-l", self.log, "-o", " ".join(options))

    def _make(self) -> None:
        """Make the data aside and move it in place whole: a kill half-way leaves no half."""
        partial = self._beside("partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        hand_over(partial)
        password = self._beside("password")
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        who = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={password}"]
        how = [*who, *LOCALE[self._version], "--no-sync"]
        run(self._version, "initdb", "-D", partial, *how, owned=partial)
        partial.rename(self.data)

    def _answers(self) -> bool:
        """Whether the server of this very data answers: nobody else knows the password."""
        try:
            psycopg2.connect(self.url, connect_timeout=2).close()
        except (OSError, IndexError, psycopg2.OperationalError):
            return False
        return True

    def _clear(self) -> None:
        """Stop a server of ours that hangs; forget a pid that is another program's by now.

        A pid of nobody's is left to Postgres, which looks for orphans of that server first.
        """
        left = self.data / "postmaster.pid"
        command = command_of(left.read_text().split()[0]) if left.exists() else None
        if command is not None and str(self.data) in command:
            self._control(*STOP)
        elif command is not None:
            left.unlink()

    def _control(self, *arguments: str | Path) -> None:
        try:
            run(self._version, "pg_ctl", *arguments, "-w", "-D", self.data, owned=self.data)
        except Trouble as trouble:
            logged = self.log.read_text().splitlines()[-8:] if self.log.exists() else []
            raise Trouble("\n".join([str(trouble), *logged])) from None

    def _beside(self, ending: str) -> Path:
        return self.data.with_name(f"{self.data.name}.{ending}")


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])
