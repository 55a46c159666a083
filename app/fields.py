"""The kinds of value that callers send and get."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def written(time: Any) -> Any:
    """Only as RFC 3339 writes it: pydantic would take 1767225600 too, and dates alone."""
    if not (isinstance(time, datetime) or (isinstance(time, str) and RFC_3339.fullmatch(time))):
        raise ValueError("Should be an RFC 3339 time with a zone")
    return time


def without_defaults(schema: dict[str, Any]) -> None:
    """Tell of no defaults in a merge patch's schema: what is absent stays as it is."""
    for field in schema["properties"].values():
        field.pop("default", None)


def utc(time: datetime) -> datetime:
    """The same moment in UTC, if every zone can show it: a row nobody can read back is poison."""
    if not EARLIEST <= time <= LATEST:
        raise ValueError(f"Should be between {EARLIEST.date()} and {LATEST.date()}")
    return time.astimezone(UTC)


Time = Annotated[AwareDatetime, BeforeValidator(written), AfterValidator(utc)]
"""RFC 3339 with a zone; UTC once it is in."""


UserId = Annotated[str, Field(description="As Better Auth names a user", examples=["Zk3vT9qLw1"])]


def within(size: int) -> AfterValidator:
    """Text of at most so many bytes of UTF-8: what it takes to store it."""

    def check(text: str) -> str:
        if len(text.encode()) > size:
            raise ValueError(f"Should have at most {size} bytes of UTF-8")
        return text

    return AfterValidator(check)


class Always(BaseModel):
    """What callers get: of each field, also where it has a default, they are told that it comes."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Sent(BaseModel):
    """What callers send: a field that we do not know is a typo, and is refused."""

    model_config = ConfigDict(extra="forbid")
