"""What callers send to make and change documents, and what they get."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.fields import Sent, Time, UserId, within, without_defaults
from app.pages import Page
from app.searching import Found, SearchQuery, sorted_by
from app.sent_batches import ById, Changes, News

LARGEST = 256 * 1024
Title = Annotated[str, Field(min_length=1, max_length=255, examples=["Travel notes"])]
Content = Annotated[
    str,
    Field(max_length=LARGEST, examples=["Day one"], description="At most 256 KiB of UTF-8"),
    within(LARGEST),
]


class NewDocument(Sent):
    title: Title
    content: Content = ""
    team_id: UUID | None = None


class DocumentChange(Sent):
    """A merge patch (RFC 7396): what is absent stays, null clears what can be empty."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    title: Title = ""
    content: Content = ""
    team_id: UUID | None = None


class DocumentChangeById(DocumentChange, ById):
    pass


class NewDocuments(News[NewDocument]):
    pass


class DocumentChanges(Changes[DocumentChangeById]):
    pass


class Transfer(Sent):
    to_user_id: str = Field(
        min_length=1, max_length=255, description="Whose it is to be", examples=["Zk3vT9qLw1"]
    )


class DocumentBrief(BaseModel):
    """A document without its content."""

    id: UUID
    user_id: UserId
    team_id: UUID | None
    title: str = Field(examples=["Travel notes"])
    created_at: Time
    updated_at: Time
    deleted_at: Time | None = Field(examples=[None])
    version: int


class DocumentOut(DocumentBrief):
    """A document with all that it says."""

    content: str = Field(examples=["Day one"])


class DocumentItem(DocumentBrief, Found):
    """A document in a list."""


class DocumentPage(Page[DocumentItem]):
    pass


class DocumentsOut(BaseModel):
    """The documents of a batch, without their content: together they could be too long."""

    items: list[DocumentBrief]


class DocumentQuery(SearchQuery):
    """Filters of the list; every one given narrows it."""

    created_after: Time | None = Field(None, description="Added later than this")
    updated_after: Time | None = Field(None, description="Changed later than this")
    team_id: UUID | None = Field(None, description="Shared with this team")
    deleted: bool = Field(default=False, description="The deleted ones instead")
    sort: Literal[
        "created_at", "-created_at", "updated_at", "-updated_at", "title", "-title", "-relevance"
    ] = sorted_by("-updated_at")
