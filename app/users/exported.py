"""What an export is made of: items of every kind, each as its row stands in the database."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, create_model

from app.fields import Always, Sent, Time
from app.pages import A_CURSOR
from app.tables import Conversation, Document, Message, Task, TeamRole
from app.users.schemas import Profile


class ExportQuery(Sent):
    limit: int = Field(100, ge=1, le=100, description="Items on a page, at most")
    cursor: str | None = Field(None, max_length=2048, description="`next` of the page before")


class TeamMembership(BaseModel):
    team_id: UUID
    name: str = Field(description="The team's", examples=["Gardeners"])
    role: TeamRole
    joined_at: Time


def whole(table: Any) -> Any:
    """The table's row as a model, every column under its own name.

    Made from the table, so that a column which is added there cannot be forgotten here.
    """
    times = {datetime: Time, datetime | None: Time | None}
    fields: dict[str, Any] = {
        name: (
            times.get(field.annotation, field.annotation),
            Field(serialization_alias=table.__table__.c[name].name),
        )
        for name, field in table.model_fields.items()
    }
    return create_model(f"{table.__name__}Row", **fields)


def typed(kind: str, item: Any) -> Any:
    values: dict[str, Any] = {"type": (Literal[kind], kind), "item": (item, ...)}
    return create_model(f"Exported{kind.title().replace('_', '')}", __base__=Always, **values)


ITEMS = {
    "profile": typed("profile", Profile),
    "task": typed("task", whole(Task)),
    "document": typed("document", whole(Document)),
    "conversation": typed("conversation", whole(Conversation)),
    "message": typed("message", whole(Message)),
    "team_membership": typed("team_membership", TeamMembership),
}
"""In the order of the export."""

Item: Any = Annotated[reduce(or_, ITEMS.values()), Field(discriminator="type")]


class Export(BaseModel):
    items: list[Item]
    next: str | None = Field(
        description="The next page's cursor; null on the last page", examples=[A_CURSOR]
    )


def written(kind: str, row: dict[str, Any]) -> bytes:
    """An item as it is sent, to be measured."""
    text: str = ITEMS[kind].model_validate({"item": row}).model_dump_json(by_alias=True)
    return text.encode()


def page(items: Sequence[bytes], cursor: str | None) -> bytes:
    """The answer, an `Export`, of items that are written already."""
    return b'{"items":[%b],"next":%b}' % (b",".join(items), json.dumps(cursor).encode())
