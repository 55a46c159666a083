"""One engine, one connection, and how a request gets to use it.

A request's `Database` sends each statement on its own: one session, one round trip, atomic by
itself, and the connection is back in the pool before the answer is written.
"""

import logging
import select
from collections.abc import Sequence
from functools import lru_cache
from time import perf_counter
from typing import Annotated, Any, TypeVar, TypeVarTuple

from fastapi import Depends
from sqlalchemy import URL, Engine, Row, Select, event
from sqlalchemy.exc import DisconnectionError
from sqlmodel import Session, create_engine

from app import dialect
from app.context import facts
from app.settings import Settings, get_settings, postgres

log = logging.getLogger(__name__)
ENCRYPTED = {"require", "verify-ca", "verify-full"}
Columns = TypeVarTuple("Columns")
Scalar = TypeVar("Scalar")


@lru_cache
def engine() -> Engine:
    """The pool of one. AUTOCOMMIT: a statement is its own transaction, one message each way."""
    settings = get_settings()
    engine = create_engine(
        address(settings),
        isolation_level="AUTOCOMMIT",
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=settings.request_timeout,
        pool_reset_on_return=None,
        use_native_hstore=False,
        hide_parameters=True,
    )
    event.listen(engine, "checkout", refuse_the_dead)
    event.listen(engine, "before_cursor_execute", begin, retval=True)
    event.listen(engine, "after_cursor_execute", end)
    return engine


def address(settings: Settings) -> URL:
    """DATABASE_URL with what libpq should know; what the URL says itself wins."""
    url = postgres(settings.database_url)
    defaults = {
        "application_name": "thaw",
        "connect_timeout": str(settings.database_connect_timeout),
        "gssencmode": "disable",
        "keepalives_idle": "30",
        "tcp_user_timeout": str(settings.request_timeout * 1000),
    }
    if (url.host or "").endswith(".neon.tech") and url.query.get("sslmode") in ENCRYPTED:
        defaults["sslnegotiation"] = "direct"  # TLS at once: a round trip less to connect
    return url.set(drivername=dialect.NAME, query={**defaults, **url.query})


def refuse_the_dead(connection: Any, _record: Any, _proxy: Any) -> None:
    """Look, without a round trip, whether the other side closed a rested connection.

    A resting Postgres connection has nothing to say, so bytes or an end to read mean that it died
    while the database slept or the sandbox was frozen. The pool then connects anew.
    """
    look = select.poll()
    look.register(connection, select.POLLIN)
    if look.poll(0):
        raise DisconnectionError


def begin(
    _connection: Any, _cursor: Any, sql: str, values: Any, context: Any, *_: Any
) -> tuple[str, Any]:
    """Send the deadline along: one message and one transaction still, and gone with it.

    A SET without LOCAL would stay in the pooled session, and meet other clients' statements.
    """
    context.began = perf_counter()
    facts.get().trips += 1
    return f"SET LOCAL statement_timeout = {milliseconds_left()}; {sql}", values


def milliseconds_left() -> int:
    """Until the request should have been answered; at least one, since 0 would be no limit."""
    known = facts.get()
    spent = perf_counter() - known.began if known.request_id else 0
    return max(1, round((get_settings().request_timeout - spent) * 1000))


def end(_connection: Any, _cursor: Any, sql: str, _values: Any, context: Any, *_: Any) -> None:
    """Log a slow statement by its shape: the SQL holds placeholders, never values."""
    seconds = perf_counter() - context.began
    facts.get().database_seconds += seconds
    if seconds * 1000 >= get_settings().slow_statement_ms:
        shape = sql.partition("; ")[2]
        log.warning("slow statement", extra={"ms": round(seconds * 1000, 1), "sql": shape})


class OneTrip:
    """One request's way to the database: each call is one statement and one round trip."""

    def rows(self, statement: Select[*Columns]) -> Sequence[Row[*Columns]]:
        """Send the statement, fetch all it returns, give the connection back."""
        with Session(engine()) as session:
            return session.execute(statement).all()

    def scalars(self, statement: Select[Scalar]) -> Sequence[Scalar]:
        """The same, for a statement that returns one thing a row."""
        with Session(engine()) as session:
            return session.scalars(statement).all()


async def database() -> OneTrip:
    return OneTrip()


Database = Annotated[OneTrip, Depends(database)]


def pool_figures() -> dict[str, int]:
    """How many connections there may be, and how many are at work."""
    pool: Any = engine().pool
    return {"size": pool.size(), "in_use": pool.checkedout()}
