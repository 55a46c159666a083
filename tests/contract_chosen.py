"""What the server chooses: learned from the first answer that shows it, and held to ever after."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

MILLISECOND = timedelta(milliseconds=1)


def now() -> datetime:
    return datetime.now(UTC)


def moment(time: Any) -> datetime:
    return datetime.fromisoformat(str(time))


class Moment:
    """While one request runs: the database has this machine's clock."""

    def __init__(self) -> None:
        self.begin = now()
        self.end: datetime | None = None

    def end_now(self) -> None:
        self.end = now()

    def holds(self, time: datetime) -> bool:
        return self.begin <= time <= (self.end or now())


class Chosen:
    """Equal to the first fitting value that it is compared with, and then to that one only."""

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        self.value: Any = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return self is other
        if self.value is None and self.fits(other):
            self.value = other
        return bool(self.value == other)

    __hash__ = object.__hash__

    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.value}>"

    def fits(self, value: str) -> bool:
        raise NotImplementedError


class Id(Chosen):
    """A UUIDv7, of the moment in which its row was made."""

    def fits(self, value: str) -> bool:
        id = UUID(value)
        made = datetime.fromtimestamp((id.int >> 80) / 1000, UTC)
        fitting = self.moment.holds(made) or self.moment.holds(made + MILLISECOND)
        return id.version == 7 and str(id) == value and fitting


class Time(Chosen):
    """RFC 3339 in UTC, of the moment in which something happened."""

    def fits(self, value: str) -> bool:
        return value.endswith("Z") and self.moment.holds(datetime.fromisoformat(value))
