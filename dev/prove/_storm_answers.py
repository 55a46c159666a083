"""What the answers of a storm say, and what is wrong with those that twins got."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from http import HTTPStatus
from math import ceil, inf
from typing import NamedTuple


class Answer(NamedTuple):
    key: str
    """The Idempotency-Key, and the title of the task that was added; empty where there was none."""
    status: int
    code: str
    """The problem's, where it was one."""
    replayed: bool
    id: str
    """Of the task added."""
    began: float
    """On the machine's monotonic clock."""
    seconds: float

    @property
    def succeeded(self) -> bool:
        return self.status < HTTPStatus.BAD_REQUEST

    @property
    def name(self) -> str:
        if self.succeeded:
            return "replay" if self.replayed else "success"
        return f"{self.status} {self.code}"


ALLOWED = {"success", "replay", "409 in_progress"}
"""What a twin may be told."""


def names(answers: list[Answer]) -> str:
    """How many of which kind: "750 replay, 50 success"."""
    counted = Counter(answer.name for answer in answers)
    return ", ".join(f"{number} {name}" for name, number in counted.most_common())


def percentile(answers: list[Answer], part: float) -> float:
    """Seconds within which this part of the answers came; inf where none came."""
    seconds = sorted(answer.seconds for answer in answers)
    return seconds[ceil(part * len(seconds)) - 1] if seconds else inf


def wrong_twins(answers: list[Answer], effects: dict[str, list[str]]) -> Iterator[str]:
    """All that is wrong; `effects` are the ids of the tasks that there are, by their key."""
    of_each: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        of_each[answer.key].append(answer)
        if answer.name not in ALLOWED:
            yield f"{answer.key}: a twin was told {answer.name}"
    for key, twins in of_each.items():
        there, told = effects.get(key, []), {twin.id for twin in twins if twin.succeeded}
        firsts = sum(twin.name == "success" for twin in twins)
        if len(there) != 1:
            yield f"{key}: {len(there)} effects"
        if told != set(there):
            yield f"{key}: twins were told of other tasks than there are"
        if firsts != 1:
            yield f"{key}: {firsts} twins were told that they were the first"
