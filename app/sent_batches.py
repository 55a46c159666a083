"""Batches as callers send them: 1 to 500 items, each about a row of its own."""

from typing import Annotated, Generic, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from app.fields import Sent

BATCH = 500


class ById(BaseModel):
    """Which row a change is for."""

    id: UUID
    version: int | None = Field(None, ge=1, le=2**31 - 1, description="Only if it still has this")


Item = TypeVar("Item")
Change = TypeVar("Change", bound=ById)


def distinct(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) != len(ids):
        raise ValueError("Should name each of them once")
    return ids


def of_distinct_rows(changes: list[Change]) -> list[Change]:
    distinct([change.id for change in changes])
    return changes


class News(Sent, Generic[Item]):
    items: list[Item] = Field(min_length=1, max_length=BATCH)


class Changes(Sent, Generic[Change]):
    items: Annotated[list[Change], AfterValidator(of_distinct_rows)] = Field(
        min_length=1, max_length=BATCH, description="Each about a row of its own"
    )


class Ids(Sent):
    ids: Annotated[list[UUID], AfterValidator(distinct)] = Field(
        min_length=1, max_length=BATCH, json_schema_extra={"uniqueItems": True}
    )
