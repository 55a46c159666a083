"""What callers send to make and change teams and their members, and what they get."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.fields import Sent, Time, UserId, without_defaults
from app.pages import DESCENDING, Page, PageQuery
from app.tables import TeamRole

Name = Annotated[str, Field(min_length=1, max_length=100, examples=["Gardeners"])]


class NewTeam(Sent):
    name: Name


class TeamChange(Sent):
    """A merge patch (RFC 7396): what is absent stays."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: Name = ""


class Membership(Sent):
    role: TeamRole


class MemberOut(BaseModel):
    user_id: UserId
    name: str = Field(examples=["Robin"])
    email: str = Field(examples=["robin@example.com"])
    role: TeamRole
    joined_at: Time


class TeamOut(BaseModel):
    id: UUID
    name: str = Field(examples=["Gardeners"])
    created_at: Time
    updated_at: Time
    version: int
    members: list[MemberOut] = Field(description="In the order in which they joined")


class TeamPage(Page[TeamOut]):
    pass


class TeamQuery(PageQuery):
    sort: Literal["name", "-name", "created_at", "-created_at"] = Field(
        "name", description=DESCENDING
    )
