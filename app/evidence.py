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

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Text,
    any_,
    case,
    cast,
    func,
    insert,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased
from sqlmodel import col

from app.access import Caller, row_of
from app.locks import lock_name
from app.tables import AFTER_A_WRITE, Operation, Tombstone, User

Further = Callable[[CTE], Any]


def no_twins(lock: int | None) -> CTE:
    """Whether nobody holds this lock, which is then ours until the statement ends; None for yes."""
    absent = true() if lock is None else func.pg_try_advisory_xact_lock(lock)
    return select(absent.label("absent")).cte("twins")


def with_evidence(
    write: Any, table: Any, twins: CTE, also: Further | None = None, **operation: str | int
) -> Any:
    """A SELECT of (no twin runs, now, row written or None), and the evidence of `operation`.

    `also` makes a second write from the rows of the first: both happen, or neither does; or a
    condition on them. The write's execution options are the statement's.
    """
    written = write.returning(table).cte("written")
    evidence: dict[str, Any] = {name: literal(value) for name, value in operation.items()}
    evidence["result_ids"] = func.array_agg(cast(written.c.id, Text))
    evidence["done"] = func.count()
    something: Any = select(*evidence.values())
    something = something.having(func.count() > 0)
    kept = insert(Operation).from_select([*evidence], something).cte("operation")
    row = aliased(table, written)
    statement = select(twins.c.absent, func.now(), row).select_from(twins)
    statement = statement.outerjoin(row, true()).add_cte(kept).options(*shown(table, row))
    statement = statement.execution_options(**write.get_execution_options())
    return with_more(statement, also(written)) if also else statement


def with_more(statement: Any, more: Any) -> Any:
    return (
        statement.where(more) if isinstance(more, ColumnElement) else after(statement, more, "also")
    )


def after(statement: Any, write: Any, name: str) -> Any:
    """The same statement with another write, which is done before the answer is read."""
    done = write.returning(literal_column("1")).cte(name)
    return statement.where(select(func.count() >= 0).select_from(done).scalar_subquery())


def shown(table: Any, row: Any) -> list[Any]:
    """Options that read what the answer shows of other tables beside the row."""
    return [option(row) for option in AFTER_A_WRITE.get(table, ())]


def earlier(
    user_id: str, key: str, fingerprint: str, table: Any, sight: ColumnElement[bool]
) -> Any:
    """The evidence under this key, beside the rows that it is evidence of, as far as in `sight`."""
    same = col(Operation.fingerprint) == fingerprint  # else its ids may be no UUIDs
    results = case((same, cast(col(Operation.result_ids), ARRAY(table.id.type))))
    return (
        select(col(Operation.fingerprint), col(Operation.created_at), table)
        .outerjoin(table, (table.id == any_(results)) & sight)
        .where(col(Operation.user_id) == user_id, col(Operation.key) == key)
        .options(*shown(table, table))
    )


def with_user(statement: Any, me: Caller) -> Any:
    """The same statement, making the caller's missing row first, unless a twin just did.

    On any conflict, not on that of the id alone: Postgres would find a twin's email first.
    """
    make = postgresql.insert(User).values(row_of(me)).on_conflict_do_nothing()
    statement = statement.add_cte(unless_deleted(me).cte("unless_deleted"))
    return after(statement.execution_options(**one_at_a_time(me)), make, "provisioned")


def one_at_a_time(me: Caller) -> dict[str, int]:
    """Options of a statement that makes the caller's row, and of one that deletes all of theirs.

    Each begins when the other is over: it sees the tombstone, or finds what is to be deleted.
    """
    return {"lock": lock_name(me.id)}


def unless_deleted(me: Caller) -> Any:
    """A write that adds nothing, and fails for callers who had everything deleted.

    It adds their tombstone a second time, so that a constraint refuses the whole statement.
    """
    stone: Any = select(col(Tombstone.id)).where(col(Tombstone.id) == me.id)
    return insert(Tombstone).from_select(["id"], stone)
