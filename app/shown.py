"""What more than one domain shows: a message, in its conversation's list and as its newest."""

from uuid import UUID

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from app.fields import Time, UserId
from app.tables import MessageRole


class MessageOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    conversation_id: UUID
    user_id: UserId
    role: MessageRole
    content: str = Field(examples=["Where shall we go?"])
    metadata: dict[str, str] = Field(
        validation_alias=AliasChoices("about", "metadata"), examples=[{"model": "large"}]
    )
    """A row has it as `about`, its JSON as `metadata`."""
    created_at: Time
