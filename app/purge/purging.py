"""A purge, chunk by chunk, for as long as there is time."""

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

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


def purging(days: int) -> Iterator[Progress]:
    """Purge what was deleted that many days ago; tells how far it is after each chunk."""
    tables, purged = due(days), Counter[str]()
    while tables:
        table, condition = next(iter(tables.items()))
        gone = delete_few(OneTrip(), table, condition)
        purged.update(gone)
        if not gone:
            del tables[table]
        yield Progress(purged, [table.__tablename__ for table in tables])


def purge() -> dict[str, Any]:
    """Purge until nothing is due, or the time of this request or invocation is nearly over."""
    steps = purging(get_settings().purge_after_days)
    progress = next(steps)
    while progress.left and facts.get().seconds_left >= RESERVE:
        progress = next(steps)
    told = {"purged": dict(progress.purged), "left": progress.left}
    log.info("purge", extra=told)
    return told
