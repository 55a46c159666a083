"""The first connection, begun before anything else: the database wakes while Python imports.

Neon wakes a sleeping database when somebody connects, and importing the framework takes about as
long. A door knocks first; whoever needs the first connection finds it made, or waits for the rest.
"""

import os
import threading
import time
from collections.abc import Mapping
from typing import Any

import psycopg2

from app import address, aws_secrets, waiting

LONGEST = 60.0
"""Seconds after which a knock that nobody answered is given up, and a failed one forgotten."""

knocks: "list[Knock]" = []


class Knock:
    """One connection in the making; its failure is nobody's before a request needs it."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self.parameters, self.process = parameters, os.getpid()
        self.until = time.time() + LONGEST
        self.connection: Any = None
        self.error: psycopg2.Error | None = None
        self.failed = 0.0
        self.thread = threading.Thread(target=self.run, name="knock", daemon=True)
        self.thread.start()

    def run(self) -> None:
        try:
            with waiting.until(self.until):
                self.connection = psycopg2.connect(**self.parameters)
        except psycopg2.Error as error:
            self.error, self.failed = error, time.time()

    def fits(self, parameters: dict[str, str]) -> bool:
        """Whether it leads there, and is this process's: two must not share a socket after fork."""
        return (self.parameters, self.process) == (parameters, os.getpid())

    def answer(self) -> Any:
        """The connection; None where its failure is old news; raises what a connect would.

        A thread that was frozen in the middle may wait for a network that forgot it long ago.
        """
        self.thread.join(max(0, min(waiting.left(), self.until - time.time())))
        if self.thread.is_alive():
            raise waiting.Silence("timeout expired")
        if self.error and time.time() - self.failed < LONGEST:
            raise self.error
        return self.connection


def in_snapshot() -> bool:
    """Whether what is begun now would be frozen into a snapshot, to be woken many times."""
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"


def knock() -> None:
    """Begin to connect, as the first thing that a door does.

    Before a snapshot nothing is begun: the settings read the secret then, and `begin`, which
    follows the restoration, finds it read.
    """
    if in_snapshot():
        return
    if aws_secrets.named() and not found(os.environ):
        threading.Thread(target=ask_and_begin, name="ask", daemon=True).start()
    else:
        begin()


def ask_and_begin() -> None:
    """Read the secret and connect, while the framework is imported.

    The settings get to know the secret no sooner than we have begun: who has the settings and
    wants to connect finds the knock.
    """
    with aws_secrets.turn:
        begin()


def begin() -> None:
    """Connect in a thread, where the environment or its secret names a database.

    A mistake there is told by the settings, and not here.
    """
    try:
        url = found(os.environ) or found(secret())
        if url and not knocks:
            knocks.append(Knock(address.pooled(url)))
    except ValueError:
        return


def found(variables: Mapping[str, str]) -> str | None:
    """The database's address, without what was pasted along, as the settings read it."""
    return next((variables[name].strip() for name in address.NAMES if variables.get(name)), None)


def secret() -> dict[str, str]:
    name = aws_secrets.named()
    return aws_secrets.read(name) if name else {}


def connect(parameters: dict[str, str]) -> Any:
    """The connection that was knocked for, else a new one; raises psycopg2.OperationalError.

    One that does not fit is dropped: psycopg2 closes it then, unless it is another process's.
    """
    first = knocked()
    made = first.answer() if first and first.fits(parameters) else None
    return made or psycopg2.connect(**parameters)


def knocked() -> Knock | None:
    """Take the knock, if there is one; of two threads that want it, one gets it."""
    try:
        return knocks.pop()
    except IndexError:
        return None
