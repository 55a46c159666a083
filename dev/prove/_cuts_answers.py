"""What an answer says, and where the tables say otherwise."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from dev.lambda_function import Response
from dev.prove._cuts_truth import Row, Rows

OWN = re.compile(r"[\da-f]{8}(-?[\da-f]{4}){3}-?[\da-f]{12}|\d{4}-\d\d-\d\d(T[\d:.]+Z)?")
"""What differs from one request to its like: ids and times."""


def said(answer: Response) -> str:
    """What it says of the request itself; ids and times are others each time."""
    return OWN.sub("…", f"{answer.status} {answer.header('ETag')} {answer.body.decode()}")


def disagreements(answer: Response, rows: Rows) -> Iterator[str]:
    """Where the answer shows a row otherwise than its table does."""
    by_id = {row["id"]: row for row in rows.values() if "id" in row}
    for shown in objects(json.loads(answer.body or b"null")):
        row = by_id.get(shown["id"])
        if row is None:
            yield f"it shows a row that is not there: {shown['id']}"
        else:
            yield from (f"{name} is {row[name]!r} in the table" for name in other(shown, row))


def objects(body: Any) -> Iterator[Row]:
    if isinstance(body, dict) and "id" in body:
        yield body
    elif isinstance(body, dict):
        for item in body.get("items", []):
            yield from objects(item)


def other(shown: Row, row: Row) -> list[str]:
    return [name for name in shown.keys() & row.keys() if value(shown[name]) != value(row[name])]


def value(shown: Any) -> Any:
    """A time is the same in any spelling."""
    with suppress(TypeError, ValueError):
        return datetime.fromisoformat(shown)
    return shown
