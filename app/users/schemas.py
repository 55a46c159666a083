"""What users may change of themselves, and what they see."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.fields import Sent, Time, without_defaults


class ProfileChange(Sent):
    """A merge patch: what is absent stays; null clears the image."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: Annotated[str, Field(min_length=1, max_length=200)] = ""
    image: Annotated[str, Field(max_length=2048)] | None = None


class Profile(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    email: str | None
    email_verified: bool
    image: str | None
    created_at: Time | None = None
    updated_at: Time | None = None
