"""The kinds of value that callers send and get."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def utc(time: datetime) -> datetime:
    """The same moment in UTC, if every zone can show it: a row nobody can read back is poison."""
    if not EARLIEST <= time <= LATEST:
        raise ValueError("should be between year 1 and year 9999")
    return time.astimezone(UTC)


Time = Annotated[AwareDatetime, AfterValidator(utc)]
"""RFC 3339 with a zone; UTC once it is in."""
