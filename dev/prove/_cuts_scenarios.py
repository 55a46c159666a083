"""What is cut: every endpoint, asked in every way that the contract knows."""

from typing import NamedTuple

from dev.prove._cuts_places import Situation
from dev.prove.trips import ENDPOINTS, TASKS, Endpoint

PERMANENT = Endpoint("DELETE", TASKS + "/{id}?permanent=true")
ALL = [*ENDPOINTS, PERMANENT]
"""A new endpoint is cut from the day on which its round trips are counted."""

BATCH = "/batch"
PROVISIONING = {("POST", TASKS), ("POST", TASKS + BATCH), ("PATCH", "/api/me")}
"""Writes that need nothing to be there, not even the caller's own row: they make it."""


class Variant(NamedTuple):
    words: str
    situations: tuple[Situation, ...] = ("warm",)
    keyed: bool = False
    """With an Idempotency-Key."""

    ahead: int | None = None
    """With If-Match, which names a version so much later than the one that is there."""

    done: bool = False
    """Sent and answered before: what is cut is its repeat."""

    new: bool = False
    """By somebody who has no row yet."""


PLAIN = Variant("plain", ("warm", "cold", "login"))
KEYED = Variant("Idempotency-Key", ("warm", "cold"), keyed=True)
MATCHED = Variant("If-Match", ("warm", "cold"), ahead=0)
BOTH = Variant("Idempotency-Key and If-Match", keyed=True, ahead=0)
STALE = Variant("If-Match, outdated", ahead=7)
REPEATED = Variant("repeat of a done one", keyed=True, done=True)
NEW = Variant("first of a new user", new=True)


class Scenario(NamedTuple):
    endpoint: Endpoint
    variant: Variant

    def __str__(self) -> str:
        return short(f"{self.endpoint.method} {self.endpoint.path}, {self.variant.words}")

    @property
    def name(self) -> str:
        """Its row in the table."""
        return short(f"{self.endpoint.method} {self.endpoint.path.partition('?')[0]}")

    @property
    def reads(self) -> bool:
        return self.endpoint.method == "GET"

    @property
    def stale(self) -> bool:
        """Whether it must be refused."""
        return bool(self.variant.ahead)

    @property
    def idle(self) -> bool:
        """Whether there is nothing for it to do."""
        return self.reads or self.variant.done or self.stale

    @property
    def repeatable(self) -> bool:
        """Whether its caller may send it again without knowing what became of it."""
        return self.reads or self.variant.keyed


def scenarios() -> list[Scenario]:
    return [Scenario(endpoint, one) for endpoint in ALL for one in variants(endpoint)]


def variants(endpoint: Endpoint) -> list[Variant]:
    place = endpoint.method, endpoint.path
    if endpoint.method == "GET":
        return [PLAIN]
    chosen = [PLAIN, KEYED, REPEATED]
    if "{id}" in endpoint.path or place == ("PATCH", TASKS + BATCH):
        chosen += [MATCHED, BOTH, STALE]
    if place in PROVISIONING:
        chosen.append(NEW)
    return chosen


def short(request: str) -> str:
    """As tables name it: the caller's own prefix says nothing."""
    return request.replace(" /api/me/", " /")
