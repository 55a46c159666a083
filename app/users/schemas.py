"""What users may change of themselves, and what they see."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.fields import Always, Sent, Time, UserId, without_defaults


class ProfileChange(Sent):
    """A merge patch: what is absent stays; null clears the image."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: Annotated[str, Field(min_length=1, max_length=200, examples=["Robin"])] = ""
    image: Annotated[str, Field(max_length=2048)] | None = None


class Profile(Always):
    id: UserId
    name: str = Field(examples=["Robin"])
    email: str | None = Field(examples=["robin@example.com"])
    email_verified: bool
    image: str | None = Field(examples=["https://example.com/robin.png"])
    created_at: Time | None = None
    updated_at: Time | None = None
