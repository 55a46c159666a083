"""Lists in pages: sorted as asked, each ending where its cursor says."""

import base64
import binascii
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from dev.neon.api.answers import Answer
from dev.neon.project.refusals import Refusal


class PageQuery(BaseModel):
    search: str = ""
    sort_by: Literal["name", "created_at", "updated_at"] = "updated_at"
    sort_order: Literal["asc", "desc"] = "desc"
    limit: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    cursor: str | None = None


Page = Annotated[PageQuery, Query()]


def cut(rows: list[Answer], page: PageQuery) -> tuple[list[Answer], Answer]:
    """The rows of one page, and the pagination that names the next, if there is one."""
    backwards = page.sort_order == "desc"
    rows = sorted(rows, key=lambda row: place(row, page), reverse=backwards)
    if page.cursor:
        last = unpack(page.cursor)
        follows = str.__lt__ if backwards else str.__gt__
        rows = [row for row in rows if follows(place(row, page), last)]
    shown = rows[: page.limit]
    following = {"next": pack(place(shown[-1], page))} if len(rows) > page.limit else {}
    return shown, {**following, "sort_by": page.sort_by, "sort_order": page.sort_order}


def place(row: Answer, page: PageQuery) -> str:
    """Where a row stands; the id decides between equals."""
    return f"{row[page.sort_by]}\n{row['id']}"


def pack(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode()


def unpack(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Refusal(400, "the cursor is not one of ours") from None
