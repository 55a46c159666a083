"""What is cut: every endpoint, asked in every way that the contract knows."""

from typing import NamedTuple

from dev.prove._cuts_endpoints import ENDPOINTS, Endpoint
from dev.prove._cuts_places import Situation


class Variant(NamedTuple):
    words: str
    keyed: bool = False
    """With an Idempotency-Key."""

    ahead: int | None = None
    """With If-Match, which names a version so much later than the one that is there; in a batch,
    that of its last item."""

    done: bool = False
    """Sent and answered before: what is cut is its repeat."""

    new: bool = False
    """By somebody who has no row yet."""


PLAIN = Variant("plain")
KEYED = Variant("Idempotency-Key", keyed=True)
MATCHED = Variant("If-Match", ahead=0)
BOTH = Variant("Idempotency-Key and If-Match", keyed=True, ahead=0)
STALE = Variant("If-Match, outdated", ahead=7)
REPEATED = Variant("repeat of a done one", keyed=True, done=True)
NEW = Variant("first of a new user", new=True)


class Scenario(NamedTuple):
    resource: str
    endpoint: Endpoint
    variant: Variant

    def __str__(self) -> str:
        refused = ", refused" if self.endpoint.refused else ""
        return f"{self.name}{refused}, {self.variant.words}"

    @property
    def name(self) -> str:
        return f"{self.endpoint.method} {self.endpoint.path or '/'}"

    @property
    def situations(self) -> tuple[Situation, ...]:
        thorough = self.endpoint.thorough and self.variant == PLAIN
        return ("warm", "cold", "login") if thorough else ("warm",)

    @property
    def settles(self) -> bool:
        """Whether it is left open once, for its key to settle."""
        return self.variant == KEYED

    @property
    def reads(self) -> bool:
        return self.endpoint.method == "GET"

    @property
    def refused(self) -> bool:
        """Whether it must be."""
        return self.endpoint.refused or bool(self.variant.ahead)

    @property
    def idle(self) -> bool:
        """Whether there is nothing for it to do."""
        return self.reads or self.variant.done or self.refused

    @property
    def repeatable(self) -> bool:
        """Whether its caller may send it again without knowing what became of it."""
        return self.reads or self.variant.keyed


def scenarios() -> list[Scenario]:
    return [
        Scenario(resource, endpoint, variant)
        for resource, endpoints in ENDPOINTS.items()
        for endpoint in endpoints
        for variant in variants(endpoint)
    ]


def variants(endpoint: Endpoint) -> list[Variant]:
    if endpoint.method == "GET":
        return [PLAIN]
    chosen = [PLAIN, KEYED]
    if not endpoint.refused:
        chosen.append(REPEATED)
    if endpoint.match:
        chosen += [MATCHED, BOTH, STALE]
    if endpoint.new:
        chosen.append(NEW)
    return chosen
