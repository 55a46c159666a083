"""One request's write: sent until it is known what became of it, and done once.

Sending again is safe, since evidence.py makes each write and the proof that it happened one
statement: what was done already collides with its own proof, which then says what was done.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import CTE, ColumnElement, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.access import Caller
from app.causes import cause
from app.db import OneTrip
from app.errors import IdempotencyKeyReused, InProgress
from app.evidence import Further, earlier, no_twins, with_evidence, with_user
from app.locks import lock_name
from app.outages import OutcomeUnknown
from app.pool import Crowded
from app.refusals import broken_constraint
from app.tables import MEMBERSHIPS, OWNERS

NOTHING_WRITTEN = {"operations_pkey", "operations_all_or_nothing_check"}
"""Refusals of the evidence, and so of the write: done before, or not as a whole."""


@dataclass
class Attempt:
    """One request's write: whose, the key it is known by, and what makes it the same request."""

    me: Caller
    key: str
    repeatable: bool
    fingerprint: str
    replayed: Callable[[], None]
    """Called when the answer is that of an earlier request."""
    when: datetime | None = None
    """When it was done, by the database's clock: now, or when an earlier request did it."""

    @cached_property
    def twins(self) -> CTE:
        return no_twins(lock_name(self.me.id, self.key) if self.repeatable else None)

    @property
    def alone(self) -> ColumnElement[bool]:
        """No twin of this request runs. Every write's WHERE asks this before it waits for rows."""
        return select(self.twins.c.absent).scalar_subquery()

    def send(
        self,
        db: OneTrip,
        write: Any,
        table: Any,
        sight: ColumnElement[bool],
        wanted: int = 1,
        also: Further | None = None,
    ) -> Sequence[Any] | None:
        """Send an INSERT … SELECT, UPDATE or DELETE of `wanted` rows, all or none, exactly once.

        Returns the rows; for a repeat the rows of the first time as they are now, as far as they
        are in `sight`; None when the write found nothing that it may touch. Raises InProgress, and
        OutcomeUnknown when it was sent, no answer came, and no time was left to find out.
        """
        told = {"user_id": self.me.id, "key": self.key, "fingerprint": self.fingerprint}
        statement = with_evidence(write, table, self.twins, also, **told, wanted=wanted)
        with unless_lost(db):
            return self.settled(db, statement, table, sight)

    def settled(
        self, db: OneTrip, statement: Any, table: Any, sight: ColumnElement[bool]
    ) -> Sequence[Any] | None:
        """What was written now, or by an earlier request, or None."""
        try:
            return self.provided(db, statement) or self.replay(db, table, sight)
        except DBAPIError as refused:
            if cause(refused):
                raise
            done = self.replay(db, table, sight)
            if done is None and broken_constraint(refused) not in NOTHING_WRITTEN:
                raise
            return done

    def provided(self, db: OneTrip, statement: Any) -> list[Any]:
        """The rows written; the caller's own row is made first where that is what is missing.

        Of a membership that ended since the statement began the same statement knows by now.
        """
        try:
            return self.written(db, statement)
        except IntegrityError as error:
            missing = broken_constraint(error)
            if missing not in {*OWNERS, *MEMBERSHIPS}:
                raise
            again = with_user(statement, self.me) if missing in OWNERS else statement
            return self.written(db, again)

    def written(self, db: OneTrip, statement: Any) -> list[Any]:
        """The rows written. A twin may be our own try, which runs on though its link died."""
        rows, failed = db.rows(statement), 0
        while not rows[0][0]:
            failed += 1
            if not db.lost:
                raise InProgress
            if not db.pause(failed):
                raise OutcomeUnknown
            rows = db.rows(statement)
        self.when = rows[0][1]
        return [row for *_, row in rows if row is not None]

    def replay(self, db: OneTrip, table: Any, sight: ColumnElement[bool]) -> Sequence[Any] | None:
        """What an earlier request with this key, or an earlier try, did: as it is now."""
        retried = db.lost
        if not (self.repeatable or retried):
            return None
        rows = db.rows(earlier(self.me.id, self.key, self.fingerprint, table, sight))
        if not rows:
            return None
        if rows[0][0] != self.fingerprint:
            raise IdempotencyKeyReused
        if not retried:
            self.replayed()
        self.when = rows[0][1]
        return [row for *_, row in rows if row is not None]


@contextmanager
def unless_lost(db: OneTrip) -> Iterator[None]:
    """Whatever kept us from an answer, a write that was sent before may have happened.

    Raises OutcomeUnknown then.
    """
    db.lost = False
    try:
        yield
    except (DBAPIError, Crowded) as error:
        if db.lost and (isinstance(error, Crowded) or cause(error)):
            raise OutcomeUnknown from error
        raise
