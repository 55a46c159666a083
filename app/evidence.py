"""The one statement of a write: the rows, and the evidence that they were written.

    WITH twins AS (SELECT is no other request with this key running?),
         written AS (the write … RETURNING …),
         operation AS (INSERT INTO operations … FROM written HAVING count(*) > 0)
    SELECT … FROM twins LEFT JOIN written ON true

The evidence comes after the write, since a CTE that nothing reads runs last, and only if
something was written: a refused write leaves no key behind, so the corrected request is not
taken for a repeat. A key that is already there fails the whole statement, which then never
happened; the operation says what did.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import CTE, Text, cast, func, insert, literal, select, true
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased

from app.access import Caller, row_of
from app.tables import Operation, User

Further = Callable[[CTE], Any]


def no_twins(lock: int | None) -> CTE:
    """Whether nobody holds this lock, which is then ours until the statement ends; None for yes."""
    absent = true() if lock is None else func.pg_try_advisory_xact_lock(lock)
    return select(absent.label("absent")).cte("twins")


def with_evidence(
    write: Any, table: Any, twins: CTE, also: Further | None = None, **operation: str | int
) -> Any:
    """A SELECT of (no twin runs, row written or None), `operation` being the evidence's columns.

    `also` makes a second write from the rows of the first: both happen, or neither does.
    """
    written = write.returning(table).cte("written")
    evidence: dict[str, Any] = {name: literal(value) for name, value in operation.items()}
    evidence["result_ids"] = func.array_agg(cast(written.c.id, Text))
    evidence["done"] = func.count()
    something: Any = select(*evidence.values())
    something = something.having(func.count() > 0)
    kept = insert(Operation).from_select([*evidence], something).cte("operation")
    row = aliased(table, written)
    statement = select(twins.c.absent, row).select_from(twins).outerjoin(row, true()).add_cte(kept)
    return statement.add_cte(also(written).cte("also")) if also else statement


def with_user(statement: Any, me: Caller) -> Any:
    """The same statement, making the caller's missing row first, unless a twin just did.

    On any conflict, not on that of the id alone: Postgres would find a twin's email first.
    """
    make = postgresql.insert(User).values(row_of(me)).on_conflict_do_nothing()
    return statement.add_cte(make.cte("provisioned"))
