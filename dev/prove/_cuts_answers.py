"""What an answer says, and where the tables say otherwise."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from dev.lambda_function import Response
from dev.prove._cuts_names import Ids, named
from dev.prove._cuts_truth import Row, Rows, name


def said(answer: Response, ids: Ids) -> str:
    """What it says of the request itself; ids and times are others each time."""
    headers = [answer.header(each) for each in ("ETag", "Location")]
    return named(f"{answer.status} {headers} {answer.body.decode()}", ids)


def disagreements(answer: Response, rows: Rows) -> Iterator[str]:
    """Where the answer shows a row otherwise than its table does."""
    known = {place.partition(" ")[2]: row for place, row in rows.items()}
    for shown in objects(json.loads(answer.body or b"null")):
        row = known.get(name(shown))
        if row is None:
            yield f"it shows a row that is not there: {name(shown)}"
        else:
            yield from (f"{column} is {row[column]!r} in the table" for column in other(shown, row))


def objects(body: Any, around: Row | None = None) -> Iterator[Row]:
    """Everything in it that has an id, and a team's members, who have two."""
    if isinstance(body, list):
        for each in body:
            yield from objects(each, around)
    elif isinstance(body, dict):
        if "id" in body:
            yield body
        elif around and "user_id" in body:
            yield {"team_id": around["id"], **body}
        for each in body.values():
            yield from objects(each, body if "id" in body else None)


def other(shown: Row, row: Row) -> list[str]:
    return [column for column in shown.keys() & row if value(shown[column]) != value(row[column])]


def value(shown: Any) -> Any:
    """A time is the same in any spelling."""
    with suppress(TypeError, ValueError):
        return datetime.fromisoformat(shown)
    return shown
