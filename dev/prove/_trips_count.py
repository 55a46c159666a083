"""Sends a request and counts its round trips on the wire."""

import re
import time
from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from typing import NamedTuple

from dev.lambda_function import Response
from dev.prove._stage import ask
from dev.prove._trips_things import Asked
from dev.wire import CountingProxy, Counts

ONE_TRIP = Counts(connections=1, handshake_trips=0, trips=1, kinds=("Q",))
MOST_PAGES = 20


class Counted(NamedTuple):
    response: Response
    counts: Counts
    milliseconds: float

    @property
    def succeeded(self) -> bool:
        return self.response.status < HTTPStatus.BAD_REQUEST

    @property
    def is_one_trip(self) -> bool:
        return self.succeeded and self.counts == ONE_TRIP

    def is_one_more_than(self, handshake: Counts) -> bool:
        """Whether a new connection cost no more than the driver's own handshake."""
        return (
            self.succeeded
            and self.counts.handshake_trips <= handshake.handshake_trips
            and self.counts.trips == handshake.trips + 1
        )


def count_pages(proxy: CountingProxy, token: str, asked: Asked) -> list[Counted]:
    """One request; of a list, one for each of its first pages."""
    return list(islice(pages(proxy, token, asked), MOST_PAGES))


def pages(proxy: CountingProxy, token: str, asked: Asked) -> Iterator[Counted]:
    while True:
        counted = count(proxy, token, asked)
        yield counted
        target = following(counted.response.header("link"))
        if target is None:
            return
        asked = Asked("GET", target)


def count(proxy: CountingProxy, token: str, asked: Asked) -> Counted:
    method, target, body = asked
    proxy.reset()
    begun = time.perf_counter()
    response = ask(method, target, token, body)
    return Counted(response, proxy.snapshot(), (time.perf_counter() - begun) * 1000)


def following(link: str | None) -> str | None:
    """Where the next page is, if there is one (RFC 8288)."""
    found = re.search('<([^>]+)>; rel="next"', link or "")
    return found and found[1]
