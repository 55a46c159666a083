"""What is wrong with the answers of a soak, whatever the database holds."""

from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

from dev.prove._soak_told import Deeds, Told

Kind = Literal[
    "duplicates",
    "lost writes",
    "denied writes",
    "torn batches",
    "stale reads",
    "unexpected answers",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""A denied write is there, though its caller was told that nothing was changed. A stale read shows
an older version than the same client has seen. An unexpected answer is a 500, for one."""

EXPECTED = {"add": {201}, "append": {200, 412}, "change": {200}, "delete": {204}, "read": {200}}
UNAVAILABLE = 503
HONEST = {
    "database_waking",
    "database_unavailable",
    "outcome_unknown",
    "timed_out",
    "overloaded",
}
"""What a 503 may say here, where no operator has anything to mend."""


class Wrong(NamedTuple):
    kind: Kind
    what: str


def wrong_answers(told: list[Told]) -> Iterator[Wrong]:
    for one in told:
        honest = one.status == UNAVAILABLE and one.code in HONEST and one.retry_after
        twin = one.code == "in_progress" and one.keyed
        if not (honest or twin or one.status in EXPECTED[one.kind]):
            yield Wrong("unexpected answers", f"{one.kind} {one.deed}: {one.status} {one.code}")


def wrong_reads(told: list[Told]) -> Iterator[Wrong]:
    """A sandbox sends one request at a time, so what it sees of a task only grows."""
    newest: dict[tuple[int, str], int] = {}
    for one in told:
        for id, version in one.seen.items():
            before = newest.get((one.sandbox, id), 0)
            if version < before:
                yield Wrong("stale reads", f"{one.deed}: {id} was at {before}, is at {version}")
            newest[one.sandbox, id] = max(before, version)


def wrong_repeats(deeds: Deeds) -> Iterator[Wrong]:
    """After a success the same key gets the same tasks."""
    for name, tellings in deeds.items():
        first, *others = [one for one in tellings if one.succeeded] or tellings[:1]
        if any(one.seen.keys() != first.seen.keys() for one in others):
            yield Wrong("duplicates", f"{name} was done, and its repeat got other tasks")
