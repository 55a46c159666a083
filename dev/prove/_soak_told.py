"""What one request of a soak asked for, and what it was told."""

from http import HTTPStatus
from typing import Any, Literal, NamedTuple

SLOW = 1.0
"""Seconds: whoever waited longer was not well served, whatever the answer."""


class Told(NamedTuple):
    """Times are seconds of the machine's monotonic clock, which all its processes share."""

    sandbox: int
    deed: str
    """What the request was for: the same for each repetition, and nobody else's."""
    kind: str
    """add, append, change, delete or read."""
    titles: tuple[str, ...]
    """Of the tasks to add."""
    ids: tuple[str, ...]
    """Of the tasks to change or to delete."""
    keyed: bool
    status: int
    code: str
    """The problem's, where it was one."""
    retry_after: bool
    seen: dict[str, int]
    """The versions of the tasks in the answer, by id."""
    began: float
    seconds: float

    @property
    def ended(self) -> float:
        return self.began + self.seconds

    @property
    def succeeded(self) -> bool:
        return self.status < HTTPStatus.BAD_REQUEST

    @property
    def refused(self) -> bool:
        """By our failure, not by the caller's."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def in_doubt(self) -> bool:
        """It may be done: by this request, or by an earlier one that still runs."""
        return self.code in {"outcome_unknown", "in_progress"}

    @property
    def settled(self) -> bool:
        """Another try would be told the same."""
        return not (self.refused or self.in_doubt)

    @property
    def well_served(self) -> bool:
        return not self.refused and self.seconds <= SLOW


def told(line: dict[str, Any]) -> Told:
    """From its line of JSON, which knows no tuples."""
    return Told(**{**line, "titles": tuple(line["titles"]), "ids": tuple(line["ids"])})


Deeds = dict[str, list[Told]]
"""By name, what was told of each, in order."""

Fate = Literal["done", "not done", "unknown"]


def fate(tellings: list[Told]) -> Fate:
    """What a deed's caller knows: a success is one, whatever came before or after it.

    A doubt stays until another try is told something else than that the database is away.
    """
    if any(one.succeeded for one in tellings):
        return "done"
    in_doubt = any(one.in_doubt for one in tellings) and not tellings[-1].settled
    return "unknown" if in_doubt else "not done"
