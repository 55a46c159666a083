"""Counts each endpoint's round trips on the wire, through the Lambda function."""

import json
from collections.abc import Generator
from contextlib import closing
from typing import NamedTuple

import psycopg2

from dev.prove import Proof, Step, Verdict
from dev.prove._stage import demo_token, need, stage
from dev.prove._trips_callers import Callers
from dev.prove._trips_count import Counted, count
from dev.prove._trips_endpoints import ENDPOINTS, TALKS, Endpoint, shape
from dev.prove._trips_things import Asked, Size
from dev.prove._usual import handshake, usual
from dev.wire import CountingProxy, Counts

SIZES = FEW, MANY, LONG_TALKS = Size(1), Size(500), Size(100, messages=1000)
GOAL = (
    f"a warm request is 1 round trip, for {FEW.rows} row of each kind as for {MANY.rows}, and for "
    f"{LONG_TALKS.rows} conversations of {LONG_TALKS.messages:,} messages; "
    "a process's first adds the driver's own handshake only."
)

COLUMNS = ("Request", "Trips", "Sent", "ms", f"of\n{MANY.rows}", "of\n100k")
"""The last of these for 100 conversations of 1,000 messages; of a list, its slowest page's."""

TASKS = "/api/me/tasks"
Others = dict[str, Counts]


class Warm(NamedTuple):
    """A request, and what was counted for each size of what it met: a list's pages one by one."""

    endpoint: Endpoint
    counted: dict[Size, list[Counted]]

    @property
    def pages(self) -> list[Counted]:
        return [page for pages in self.counted.values() for page in pages]

    @property
    def is_one_trip(self) -> bool:
        return all(page.is_one_trip for page in self.pages)


def prove() -> Proof:
    token = demo_token()
    yield Step("starting Postgres", 0)
    with stage() as proxy:
        yield Step("the first request", 0.1)
        first = count(proxy, token, Asked("GET", TASKS))
        driver = handshake(proxy)
        need("POST", TASKS, token, {"title": "The first write makes the user's row"})
        them = usual(proxy)
        warm = yield from count_warm(proxy)
    return judge(first, driver, warm, them)


def count_warm(proxy: CountingProxy) -> Generator[Step, None, list[Warm]]:
    yield Step("filling in rows", 0.1)
    warm = []
    with closing(psycopg2.connect(proxy.url)) as connection:
        connection.autocommit = True
        callers = Callers(proxy, connection.cursor(), SIZES)
        for done, endpoint in enumerate(ENDPOINTS):
            yield Step(name(endpoint), 0.2 + 0.8 * done / len(ENDPOINTS))
            sizes = SIZES if endpoint.reads else (FEW, MANY)
            warm.append(Warm(endpoint, {size: callers.ask(endpoint, size) for size in sizes}))
    return warm


def judge(first: Counted, driver: Counts, warm: list[Warm], them: Others) -> Verdict:
    rows = [row(one) for one in warm]
    kinds, ms = " ".join(first.counts.kinds), f"{first.milliseconds:.0f}"
    rows.append(("GET /tasks, first of a process", trips(first.counts), kinds, ms, "", ""))
    rows.append(("psycopg2.connect() alone", trips(driver), "", "", "", ""))
    rows += [(f"the usual code, {what}", trips(one), "", "", "", "") for what, one in them.items()]
    met, (talks, messages, cost) = sum(one.is_one_trip for one in warm), listed(warm)
    figure = (
        f"{met} of {len(warm)} requests are 1 round trip each, for {FEW.rows} row as for "
        f"{MANY.rows}; the list of {talks} conversations of {messages:,} messages is {cost}; the "
        f"first of a process is {trips(first.counts)}, and the driver alone {trips(driver)}"
    )
    whole = met == len(warm) and (talks, messages) == LONG_TALKS
    return Verdict(COLUMNS, rows, figure, whole and first.is_one_more_than(driver))


def row(warm: Warm) -> tuple[str, ...]:
    worst = [max(page.milliseconds for page in pages) for pages in warm.counted.values()]
    kinds = {" ".join(page.counts.kinds) for page in warm.pages}
    cost = {trips(page.counts) if page.succeeded else status(page) for page in warm.pages}
    cells = [f"{ms:.0f}" for ms in worst] + [""] * (len(SIZES) - len(worst))
    return name(warm.endpoint), ", ".join(sorted(cost)), ", ".join(sorted(kinds)), *cells


def name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {shape(endpoint.path, '…') or '/api/me'}"


def status(counted: Counted) -> str:
    return f"status {counted.response.status}"


def trips(counts: Counts) -> str:
    """Those of the handshake first, where there was one: "4 + 1"."""
    handshake = f"{counts.handshake_trips} + " if counts.handshake_trips else ""
    return f"{handshake}{counts.trips}"


def listed(warm: list[Warm]) -> tuple[int, int, str]:
    """How many conversations the list shows, of how many messages each, for how many trips."""
    ((page, *_),) = [one.counted[LONG_TALKS] for one in warm if one.endpoint == TALKS]
    items = json.loads(page.response.body).get("items", [])
    return len(items), min((talk["message_count"] for talk in items), default=0), trips(page.counts)
