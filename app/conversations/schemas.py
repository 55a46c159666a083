"""What callers send to make and change conversations, and what they get."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.fields import Sent, Time, UserId, without_defaults
from app.pages import DESCENDING, Page, PageQuery
from app.shown import MessageOut

Title = Annotated[str, Field(min_length=1, max_length=255, examples=["Holiday plans"])]

PREVIEW = 2000
"""Characters of its newest message that a conversation shows in a list."""


class NewConversation(Sent):
    title: Title | None = None


class ConversationChange(NewConversation):
    """A merge patch (RFC 7396): what is absent stays, null clears."""

    model_config = ConfigDict(json_schema_extra=without_defaults)


class ConversationOut(BaseModel):
    id: UUID
    user_id: UserId
    title: str | None = Field(examples=["Holiday plans"])
    message_count: int
    last_message: MessageOut | None = Field(
        description="The newest; null where there is none. In lists its `content` ends after"
        f" {PREVIEW:,} characters"
    )
    created_at: Time
    updated_at: Time = Field(description="Also moved by messages that come and go")
    deleted_at: Time | None = Field(examples=[None])
    version: int


class ConversationPage(Page[ConversationOut]):
    pass


class ConversationQuery(PageQuery):
    deleted: bool = Field(default=False, description="The deleted ones instead")
    sort: Literal["created_at", "-created_at", "updated_at", "-updated_at"] = Field(
        "-updated_at", description=DESCENDING
    )
