"""Versions as ETags (RFC 9110, 8.8 and 13): 304 when nothing changed, 412 when something did."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, NoReturn, Protocol, TypeVar

from fastapi import Depends, Header, Response
from sqlalchemy import ColumnElement, true

from app.access import Caller
from app.errors import Conflict, Forbidden, NotModified, PreconditionFailed, found

TAG = re.compile(r'(W/)?"([^"]*)"')


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


class Owned(Versioned, Protocol):
    user_id: str


class Kept(Owned, Protocol):
    deleted_at: datetime | None


Row = TypeVar("Row", bound=Versioned)
Theirs = TypeVar("Theirs", bound=Owned)


@dataclass
class Tag:
    """What a request says of versions, and the ETag that its answer gets."""

    response: Response
    if_match: str | None = None
    if_none_match: str | None = None
    new: bool = False
    """What is put must not be there yet."""

    def __call__(self, row: Row) -> Row:
        """Give the answer its ETag; raise NotModified for a reader who has this version."""
        etag = f'"{row.version}"'
        known = self.if_none_match or ""
        if known.strip() == "*" or etag in {f'"{tag}"' for _, tag in TAG.findall(known)}:
            raise NotModified(etag)
        self.response.headers["ETag"] = etag
        return row

    @property
    def versions(self) -> list[int] | None:
        """The versions that may be changed; None for any. Weak and foreign tags match none."""
        if self.if_match is None or self.if_match.strip() == "*":
            return None
        tags = [tag for weak, tag in TAG.findall(self.if_match) if not weak]
        return [int(tag) for tag in tags if re.fullmatch(r"[1-9][0-9]{0,8}", tag)]

    def refuse(self, me: Caller, row: Owned | None, *, allowed: bool = False) -> NoReturn:
        """Say why a write touched nothing, from the row as the caller sees it now."""
        self.outdated(permitted(me, row, allowed=allowed))

    def refuse_restore(self, me: Caller, row: Kept | None, *, allowed: bool = False) -> NoReturn:
        """Say why nothing was restored; the row may be one that is not deleted at all."""
        seen = permitted(me, row, allowed=allowed)
        if seen.deleted_at is None:
            raise Conflict("it is not deleted")
        self.outdated(seen)

    def outdated(self, row: Versioned) -> NoReturn:
        """Say that a write came too late which the caller may do."""
        self.match(row)
        raise Conflict("it changed meanwhile")

    def match(self, row: Versioned) -> None:
        if self.versions is not None and row.version not in self.versions:
            raise PreconditionFailed


def permitted(me: Caller, row: Theirs | None, *, allowed: bool = False) -> Theirs:
    """The row, where its owner asks, or somebody who is `allowed` to do as its owner may.

    What is forbidden is so in every version: 403 goes before 412 (RFC 9110, 13.2.1).
    """
    seen = found(row)
    if seen.user_id != me.id and not allowed:
        raise Forbidden
    return seen


def unchanged(table: Any, versions: list[int] | None) -> ColumnElement[bool]:
    """The condition behind If-Match, for a write's own WHERE: no time passes between the two."""
    return true() if versions is None else table.version.in_(versions)


async def reading(
    response: Response,
    if_none_match: Annotated[
        str | None,
        Header(description="The ETag that you have: 304 if it is still that", examples=['"1"']),
    ] = None,
) -> Tag:
    return Tag(response, if_none_match=if_none_match)


async def writing(
    response: Response,
    if_match: Annotated[
        str | None,
        Header(
            description="The ETag that you have seen: 412 if it changed since", examples=['"1"']
        ),
    ] = None,
) -> Tag:
    return Tag(response, if_match=if_match)


async def putting(
    tag: Annotated[Tag, Depends(writing)],
    if_none_match: Annotated[
        Literal["*"] | None, Header(description="`*`: 412 if it is there already")
    ] = None,
) -> Tag:
    """Of a PUT, which would otherwise replace what is there (RFC 9110, 13.1.2)."""
    tag.new = if_none_match is not None
    return tag


Reading = Annotated[Tag, Depends(reading)]
Writing = Annotated[Tag, Depends(writing)]
Putting = Annotated[Tag, Depends(putting)]
