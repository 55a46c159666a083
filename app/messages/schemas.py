"""What callers send to add messages and to walk through them, and what they get."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from app.fields import Sent, within
from app.pages import A_CURSOR, Page, Paging
from app.shown import MessageOut
from app.tables import MessageRole

BATCH = 50
LONGEST = 32 * 1024
LONGEST_KEY = 64


def keyed(metadata: dict[str, str]) -> dict[str, str]:
    if not all(1 <= len(key) <= LONGEST_KEY for key in metadata):
        raise ValueError(f"Should have keys of 1 to {LONGEST_KEY} characters")
    return metadata


KEYS = {"propertyNames": {"minLength": 1, "maxLength": LONGEST_KEY}}
Metadata = Annotated[
    dict[str, Annotated[str, Field(max_length=512)]],
    Field(max_length=16, json_schema_extra=KEYS, examples=[{"model": "large"}]),
    AfterValidator(keyed),
]
Content = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST,
        description="At most 32 KiB of UTF-8, counted in bytes",
        examples=["Where shall we go?"],
    ),
    within(LONGEST),
]


class NewMessage(Sent):
    role: MessageRole
    content: Content
    metadata: Metadata = Field(default={})


class NewMessages(Sent):
    items: list[NewMessage] = Field(min_length=1, max_length=BATCH)


class MessagesOut(BaseModel):
    items: list[MessageOut]


class MessagePage(Page[MessageOut]):
    next: str | None = Field(
        description="For `after`; null where nothing comes behind", examples=[A_CURSOR]
    )
    previous: str | None = Field(
        description="For `before`; null where nothing comes before, and of an empty page",
        examples=[A_CURSOR],
    )


class MessageQuery(Paging):
    """One place at most; items come in the chosen order, whichever way they are walked through."""

    order: Literal["asc", "desc"] = Field("asc", description="`asc`: as they were added")
    after: str | None = Field(
        None,
        max_length=2048,
        description="Only what comes behind this in the chosen order: `next`, or a message's id",
    )
    before: str | None = Field(
        None,
        max_length=2048,
        description="Only the last that come before this: `previous`, or a message's id",
    )
    cursor: str | None = Field(None, max_length=2048, description="The same as `after`")

    @model_validator(mode="after")
    def one_way(self) -> "MessageQuery":
        if len(self.places) + self.numbered > 1:
            raise ValueError("takes one of after, before, cursor and a page number")
        return self

    @property
    def place(self) -> str | None:
        return next(iter(self.places), None)

    @property
    def places(self) -> list[str]:
        given = self.after, self.before, self.cursor
        return [place for place in given if place is not None]

    @property
    def upward(self) -> bool:
        """Read by rising ids. What comes before a place is read from there, backwards."""
        return (self.order == "asc") != (self.before is not None)
