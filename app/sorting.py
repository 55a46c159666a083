"""What lists can be sorted by: keys that are never NULL, in SQL, in rows and in cursors."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, DateTime, Double, Integer, Text, cast, literal

FOREVER = "infinity"


class Key(NamedTuple):
    """A sort key: its SQL over a table, a row's value as JSON, and that value as SQL again."""

    of: Callable[[Any], ColumnElement[Any]]
    read: Callable[[Any], str | float]
    bind: Callable[[Any], ColumnElement[Any]]


def time_key(of: Callable[[Any], Any], attribute: str) -> Key:
    """A key of time; a row without one stands at the end of time."""

    def read(row: Any) -> str:
        time: datetime | None = getattr(row, attribute)
        return time.isoformat() if time else FOREVER

    def bind(value: str) -> ColumnElement[Any]:
        if value == FOREVER:
            return cast(literal(value, Text), DateTime(timezone=True))
        time = datetime.fromisoformat(value)
        if time.tzinfo is None:
            raise ValueError("no zone")
        return literal(time.astimezone(UTC), DateTime(timezone=True))

    return Key(of, read, bind)


TIMES = {name: time_key(attrgetter(name), name) for name in ("created_at", "updated_at")}
"""When a row was made and when it last changed: what every list can be sorted by."""


def text_key(attribute: str) -> Key:
    def bind(value: str) -> ColumnElement[Any]:
        if "\0" in value.encode().decode():
            raise ValueError("NUL")
        return literal(value, Text)

    return Key(lambda table: getattr(table, attribute), lambda row: getattr(row, attribute), bind)


def rank_key(of: Callable[[Any], Any], attribute: str, ranks: tuple[str, ...]) -> Key:
    """A key of an enumeration in its own order, counted from 1 as Postgres counts arrays."""

    def bind(value: int) -> ColumnElement[Any]:
        return literal(range(len(ranks) + 1).index(value), Integer)

    return Key(of, lambda row: ranks.index(getattr(row, attribute)) + 1, bind)


def number_key(of: Callable[[Any], Any], attribute: str) -> Key:
    """A key of doubles: Postgres and Python both write them so that they read back the same."""

    def bind(value: Any) -> ColumnElement[Any]:
        if not (isinstance(value, float) and math.isfinite(value)):
            raise ValueError("no number")
        return cast(literal(value, Double), Double)

    return Key(of, lambda row: getattr(row, attribute), bind)
