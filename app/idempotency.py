"""Exactly-once writes: the write and the evidence that it happened are one statement.

    WITH twins AS (SELECT is no other request with this key running?),
         written AS (the write … RETURNING …),
         operation AS (INSERT INTO operations … FROM written HAVING count(*) > 0)
    SELECT … FROM twins LEFT JOIN written ON true

The evidence comes after the write, since a CTE that nothing reads runs last, and only if
something was written: a refused write leaves no key behind, so the corrected request is not
taken for a repeat. A key that is already there fails the whole statement, which then never
happened; the operation says what did.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Text,
    any_,
    cast,
    func,
    insert,
    literal,
    select,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import aliased
from sqlmodel import col
from starlette.datastructures import MutableHeaders

from app.access import Caller, row_of
from app.auth import Me
from app.db import OneTrip
from app.errors import IdempotencyKeyReused, InProgress, OutcomeUnknown, broken_constraint
from app.tables import Operation, User, new_id


@dataclass
class Attempt:
    """One request's write: whose, the key it is known by, and what makes it the same request."""

    me: Caller
    key: str
    repeatable: bool
    fingerprint: str
    headers: MutableHeaders

    @cached_property
    def twins(self) -> CTE:
        free = func.pg_try_advisory_xact_lock(lock_name(self.me.id, self.key))
        return select((free if self.repeatable else true()).label("absent")).cte("twins")

    @property
    def alone(self) -> ColumnElement[bool]:
        """No twin of this request runs. Every write's WHERE asks this before it waits for rows."""
        return select(self.twins.c.absent).scalar_subquery()

    def send(
        self, db: OneTrip, write: Any, table: Any, sight: ColumnElement[bool], wanted: int = 1
    ) -> Sequence[Any] | None:
        """Send an INSERT … SELECT, UPDATE or DELETE of `wanted` rows, all or none, exactly once.

        Returns the rows; for a repeat the rows of the first time as they are now, as far as they
        are in `sight`; None when the write found nothing that it may touch.
        """
        statement = self.with_evidence(write, table, wanted)
        try:
            rows = db.rows(statement)
        except IntegrityError as error:
            broken = broken_constraint(error)
            if broken == "operations_pkey":
                return self.replay(db, table, sight)
            if broken == "operations_all_or_nothing_check":
                return None
            if broken != f"{table.__tablename__}_user_id_fkey":
                raise
            rows = db.rows(statement.add_cte(self.provision()))
        except OperationalError as error:
            if error.connection_invalidated:
                raise OutcomeUnknown from error
            raise
        if not rows[0][0]:
            raise InProgress
        written = [row for _, row in rows if row is not None]
        return written or (self.replay(db, table, sight) if self.repeatable else None)

    def with_evidence(self, write: Any, table: Any, wanted: int) -> Any:
        written = write.returning(table).cte("written")
        names = ["user_id", "key", "fingerprint", "result_ids", "wanted", "done"]
        evidence = select(
            literal(self.me.id),
            literal(self.key),
            literal(self.fingerprint),
            func.array_agg(cast(written.c.id, Text)),
            literal(wanted),
            func.count(),
        ).having(func.count() > 0)
        operation = insert(Operation).from_select(names, evidence).cte("operation")
        entity = aliased(table, written)
        result = select(self.twins.c.absent, entity).select_from(self.twins)
        return result.outerjoin(entity, true()).add_cte(operation)

    def replay(self, db: OneTrip, table: Any, sight: ColumnElement[bool]) -> Sequence[Any] | None:
        """Read what an earlier request with this key did, as it is now."""
        results = cast(col(Operation.result_ids), ARRAY(table.id.type))
        statement = (
            select(col(Operation.fingerprint), table)
            .outerjoin(table, (table.id == any_(results)) & sight)
            .where(col(Operation.user_id) == self.me.id, col(Operation.key) == self.key)
        )
        rows = db.rows(statement)
        if not rows:
            return None
        if rows[0][0] != self.fingerprint:
            raise IdempotencyKeyReused
        self.headers["Idempotent-Replayed"] = "true"
        return [row for _, row in rows if row is not None]

    def provision(self) -> CTE:
        """Make the caller's missing row, unless a twin just did."""
        make = postgresql.insert(User).values(row_of(self.me))
        return make.on_conflict_do_nothing(index_elements=["id"]).cte("provisioned")


def digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b"\0".join(parts)).digest()


def lock_name(user_id: str, key: str) -> int:
    """The advisory lock that a request with a caller's key holds while it runs: 64 bits."""
    return int.from_bytes(digest(user_id.encode(), key.encode())[:8], "big", signed=True)


async def attempt(
    me: Me,
    request: Request,
    response: Response,
    idempotency_key: Annotated[str | None, Header(pattern=r"^[\x21-\x7e]{1,255}$")] = None,
) -> Attempt:
    """Name this request's write. A key of our own holds a space, which no caller's can."""
    path = request.url.path.removeprefix(f"/api/{request.path_params['user_id']}")
    parts = request.method, path, request.url.query
    return Attempt(
        me=me,
        key=idempotency_key or f"request {new_id()}",
        repeatable=idempotency_key is not None,
        fingerprint=digest(*map(str.encode, parts), await request.body()).hex(),
        headers=response.headers,
    )


Once = Annotated[Attempt, Depends(attempt)]
