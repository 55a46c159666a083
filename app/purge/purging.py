"""A purge, chunk by chunk, for as long as there is time."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy.exc import DBAPIError

from app.context import facts
from app.db import OneTrip
from app.purge.writes import delete_few, due
from app.settings import get_settings

log = logging.getLogger(__name__)

RESERVE = 3.0
"""Seconds that a chunk may take on a slow day: with less time left none is begun."""


class Progress(NamedTuple):
    purged: Counter[str]
    """Rows, by table."""
    left: list[str]
    """Tables in which there may be more."""


def purging(days: int, in_time: Callable[[], bool] = lambda: True) -> Iterator[Progress]:
    """Purge what was deleted that many days ago; tells how far it is after each chunk.

    A table that fails keeps no other from being purged: its error is raised at the end.
    """
    tables, purged, failed = due(days), Counter[str](), dict[Any, DBAPIError]()
    while tables:
        table, condition = next(iter(tables.items()))
        gone = chunk(table, condition, failed)
        purged.update(gone)
        if not gone:
            del tables[table]
        yield Progress(purged, [each.__tablename__ for each in (*tables, *failed)])
        if not in_time():
            break
    for error in failed.values():
        raise error


def chunk(
    table: Any, condition: ColumnElement[bool], failed: dict[Any, DBAPIError]
) -> dict[str, int]:
    """Purge the next few of a table; nothing, and why, where it fails."""
    try:
        return delete_few(OneTrip(), table, condition)
    except DBAPIError as error:
        failed[table] = error
        return {}


def purge() -> dict[str, Any]:
    """Purge until nothing is due, or the time of this request or invocation is nearly over."""
    told: dict[str, Any] = {}
    try:
        for purged, left in purging(get_settings().purge_after_days, in_time):
            told = {"purged": dict(purged), "left": left}
    finally:
        log.info("purge", extra=told)
    return told


def in_time() -> bool:
    return facts.get().seconds_left >= RESERVE
