"""How long a service takes to be itself again after a fault.

A sandbox has recovered when it is answered within a second and not refused, and stays so until
the next fault; the service, when all of its sandboxes have. The clock starts when the fault is
over: the servers run again, or would if somebody connected.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from math import inf
from typing import NamedTuple

from dev.prove._soak_told import Told

CALM = 1.0
"""Seconds without trouble that follow each fault: a relapse would show in them."""


class Fault(NamedTuple):
    """On the same clock as the requests."""

    kind: str
    began: float
    ended: float


class Aftermath(NamedTuple):
    """Of one fault; all in seconds."""

    kind: str
    struck: int
    """Requests under way while it happened."""
    recovered: float
    """inf: not before the next fault."""
    refusing: float
    """Until the last 503."""
    refusals: int
    slowest: float
    """The success that took longest."""


def aftermaths(faults: list[Fault], told: list[Told]) -> Iterator[Aftermath]:
    end, sandboxes = Fault("the end", inf, inf), {one.sandbox for one in told}
    for fault, following in pairwise([*faults, end]):
        answers = [one for one in told if fault.began < one.ended <= following.began]
        refusals = [one for one in answers if one.refused]
        yield Aftermath(
            fault.kind,
            sum(one.began < fault.ended for one in answers if one.ended > fault.began),
            recovered(fault, answers, sandboxes),
            max((one.ended - fault.ended for one in refusals), default=0.0),
            len(refusals),
            max((one.seconds for one in answers if one.succeeded), default=0.0),
        )


def recovered(fault: Fault, answers: list[Told], sandboxes: set[int]) -> float:
    """Seconds; `answers` are those until the next fault."""
    of_each: dict[int, list[Told]] = defaultdict(list)
    for one in sorted(answers, key=lambda one: one.ended):
        if one.ended > fault.ended:
            of_each[one.sandbox].append(one)
    return max(moment(of_each[sandbox]) for sandbox in sandboxes) - fault.ended


def moment(answers: list[Told]) -> float:
    """When the first answer came that was good, as were all after it."""
    good = inf
    for one in reversed(answers):
        if not one.well_served:
            break
        good = one.ended
    return good


def calm(told: list[Told], sandboxes: int, since: float, now: float) -> bool:
    """Whether all sandboxes have been well served for a second, and nothing has happened since."""
    recent = [one for one in told if one.ended > now - CALM]
    everybody = {one.sandbox for one in recent if one.well_served}
    return (
        now - since > CALM
        and len(everybody) == sandboxes
        and all(one.well_served for one in recent)
    )
