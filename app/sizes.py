"""How long an answer may be, counted as platforms count it.

Lambda lets 6 MB through, and counts the body inside a string of its own JSON: what was escaped is
escaped once more there. Vercel lets 4.5 MB through.
"""

import json
from typing import Any, cast

from sqlalchemy import CTE, Boolean, ColumnElement, func, select
from sqlalchemy.orm import aliased

LARGEST = 4_400_000
"""Bytes, counted as Lambda does: they are never fewer than those of the body itself."""


def carried(text: str) -> int:
    """The bytes that a text takes inside a string of JSON."""
    return len(json.dumps(text, ensure_ascii=False).encode())


def fits(body: bytes) -> bool:
    """Whether an answer gets through. Nothing in JSON more than doubles: most need no count."""
    return 2 * len(body) < LARGEST or carried(body.decode()) <= LARGEST


def answerable(table: Any, written: CTE) -> ColumnElement[bool]:
    """Refuses a write of rows that are too long together to be told of: it is not done.

    A subquery of its own: Postgres would ask a bare function once for each row.
    """
    told = select(aliased(table, written)).subquery("told")
    rows = select(func.jsonb_agg(func.to_jsonb(told.table_valued()))).scalar_subquery()
    fits = select(func.answerable(rows, LARGEST, type_=Boolean)).scalar_subquery()
    return cast("ColumnElement[bool]", fits)
