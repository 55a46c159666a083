"""Pages of a list as callers ask for them and get them: by cursor, or by number.

A cursor is where the last page ended: that row's sort key and id. Neither is ever NULL, and rows
that come or go beside it move nothing. Page numbers (OFFSET) are for people who count pages: the
database reads what they skip.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import literal, tuple_

from app.errors import InvalidCursor
from app.sorting import Key

Item = TypeVar("Item")
NOT_FILTERS = {"limit", "cursor", "page", "page_size", "include"}
PLACES = ["cursor", "after", "before"]
DESCENDING = "`-`: the greatest first"
A_CURSOR = "WyIxZjBhIiwxXQ"
"""For the OpenAPI document: no list takes it."""


class Paging(BaseModel):
    """Which page of a list, whatever its order."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=100, description="Items on a page")
    cursor: str | None = Field(None, max_length=2048, description="`next` of the page before")
    page: int | None = Field(None, ge=1, le=1_000_000, description="Page number, from 1")
    page_size: int | None = Field(None, ge=1, le=100, description="Items on a numbered page")
    include: Literal["total"] | None = Field(None, description="`total`: count all items too")

    @model_validator(mode="after")
    def one_way(self) -> "Paging":
        if self.cursor is not None and self.numbered:
            raise ValueError("takes a cursor or a page number, not both")
        return self

    @property
    def numbered(self) -> bool:
        return self.page is not None or self.page_size is not None

    @property
    def size(self) -> int:
        return (self.page_size or 50) if self.numbered else self.limit

    @property
    def offset(self) -> int:
        return ((self.page or 1) - 1) * self.size


class PageQuery(Paging):
    """What lists take. Subclasses add filters, and `sort` as a Literal of their keys."""

    sort: str

    @property
    def key(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def fingerprint(self) -> str:
        """Which list this is: a cursor of another sort or filter does not fit."""
        filters = self.model_dump_json(exclude=NOT_FILTERS)
        return hashlib.sha256(filters.encode()).hexdigest()[:12]


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    next: str | None = Field(
        description="The next page's cursor; null on the last page", examples=[A_CURSOR]
    )
    total: int | None = Field(None, exclude_if=lambda total: total is None)
    pages: int | None = Field(None, exclude_if=lambda pages: pages is None)


def page(
    rows: Sequence[Any], key: Key, query: PageQuery, request: Request, response: Response
) -> dict[str, Any]:
    """Cut the row too many, and say in the body and in Link (RFC 8288) where the next page is."""
    found = [row for row, _ in rows if row is not None]
    items = found[: query.size]
    body: dict[str, Any] = {"items": items, "next": None}
    if len(found) > query.size:
        body["next"] = encode(query, key, items[-1])
        step = {"page": (query.page or 1) + 1} if query.numbered else {"cursor": body["next"]}
        response.headers["Link"] = link(request, **step)
    return body | counts(rows[0][1] if rows else None, query)


def link(request: Request, relation: str = "next", **step: Any) -> str:
    """Where another page of this list is, for the header (RFC 8288)."""
    url = request.url.remove_query_params(PLACES).include_query_params(**step)
    return f'<{url.path}?{url.query}>; rel="{relation}"'


def counts(total: int | None, query: Paging) -> dict[str, int]:
    """What a page says of the whole list, where that was counted."""
    if total is None:
        return {}
    return {"total": total, **({"pages": -(-total // query.size)} if query.numbered else {})}


def encode(query: PageQuery, key: Key, row: Any) -> str:
    """The cursor behind this row."""
    return packed(query.fingerprint, key.read(row), str(row.id))


def decode(query: PageQuery, key: Key) -> Any:
    """The place behind a cursor; raises InvalidCursor for one that this list did not make."""
    with refusing():
        value, last = unpacked(str(query.cursor), query.fingerprint)
        return tuple_(key.bind(value), literal(UUID(last)))


def packed(*place: str | float) -> str:
    text = json.dumps(place, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unpacked(cursor: str, fingerprint: str) -> list[Any]:
    """What was packed behind the fingerprint."""
    theirs, *place = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    if theirs != fingerprint:
        raise InvalidCursor
    return list(place)


@contextmanager
def refusing() -> Iterator[None]:
    """Whatever else a cursor turns out to hold, the list did not make it."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise InvalidCursor from None
