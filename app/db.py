"""How a request gets to use the database.

A request's `Database` sends each statement on its own: one session, one round trip, atomic by
itself, and the connection is back in the pool before the answer is written.
"""

import time
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Annotated, TypeVar, TypeVarTuple

from fastapi import Depends
from sqlalchemy import Row, Select
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from app import trying, waiting
from app.context import facts
from app.pool import turn
from app.settings import get_settings

Columns = TypeVarTuple("Columns")
Scalar = TypeVar("Scalar")
Answer = TypeVar("Answer")


class OneTrip:
    """One request's way to the database: each call is one statement and one round trip.

    More only where a connection could not be made or was lost: then the same statement is sent
    again, until the deadline. A statement that writes must therefore carry its evidence
    (attempts.py, evidence.py): it may have been done by the try whose answer was lost.
    """

    def __init__(self) -> None:
        timeout = get_settings().request_timeout
        self.deadline = facts.get().deadline or time.time() + timeout
        self.lost = False
        """A statement was sent, and what became of it was not heard."""

    def rows(self, statement: Select[*Columns]) -> Sequence[Row[*Columns]]:
        """Send the statement, fetch all it returns, give the connection back."""
        return self.send(lambda session: session.execute(statement).all())

    def scalars(self, statement: Select[Scalar]) -> Sequence[Scalar]:
        """The same, for a statement that returns one thing a row."""
        return self.send(lambda session: session.scalars(statement).all())

    def send(self, ask: Callable[[Session], Answer]) -> Answer:
        """Raises Crowded where no connection came free, else what the driver raised last."""
        tries, known = trying.Tries(), facts.get()
        with waiting.until(self.deadline):
            while True:
                began, wake = perf_counter(), known.wake_seconds
                try:
                    with turn() as engine, Session(engine) as session:
                        return ask(session)
                except DBAPIError as error:
                    again = tries.again(error)
                    self.lost |= tries.lost
                    if not again:
                        raise
                known.retries += 1
                known.wake_seconds = wake + perf_counter() - began

    def pause(self, failed: int) -> bool:
        """Let others finish; False where no time is left."""
        with waiting.until(self.deadline):
            return trying.pause(failed)


def one(rows: Sequence[Scalar] | None) -> Scalar | None:
    """The only row, where there is one."""
    return rows[0] if rows else None


async def database() -> OneTrip:
    return OneTrip()


Database = Annotated[OneTrip, Depends(database)]
