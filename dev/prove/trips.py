"""Counts each endpoint's round trips on the wire, through the Lambda function."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

from dev.lambda_function import Response
from dev.prove import Proof, Step, Verdict
from dev.prove._stage import ask, demo_token, need, stage
from dev.prove._usual import handshake, usual
from dev.wire import CountingProxy, Counts

GOAL = "a warm request is 1 round trip; a process's first adds the driver's own handshake only."

BATCH = 500
COLUMNS = ("Request", "Status", "Round trips", "Messages", "ms")
TASKS = "/api/me/tasks"
ONE_TRIP = Counts(connections=1, handshake_trips=0, trips=1, kinds=("Q",))
Ids = list[str]
Others = dict[str, Counts]


def new_tasks(size: int) -> dict[str, Any]:
    return {"items": [{"title": f"Task {number}"} for number in range(size)]}


def changed_tasks(ids: Ids) -> dict[str, Any]:
    return {"items": [{"id": task, "priority": "high"} for task in ids]}


class Endpoint(NamedTuple):
    """One request, with `{id}` for a task made for it; `before` is sent first and not counted."""

    method: str
    path: str
    body: Callable[[Ids], object] = lambda _: None
    size: int = 1
    before: tuple[str, str] | None = None


ENDPOINTS = [
    Endpoint("GET", TASKS),
    Endpoint("GET", TASKS + "/{id}"),
    Endpoint("POST", TASKS, lambda _: {"title": "Count the trips"}),
    Endpoint("PATCH", TASKS + "/{id}", lambda _: {"title": "Count them again"}),
    Endpoint("DELETE", TASKS + "/{id}"),
    Endpoint("POST", TASKS + "/{id}/complete"),
    Endpoint("POST", TASKS + "/{id}/reopen", before=("POST", TASKS + "/{id}/complete")),
    Endpoint("POST", TASKS + "/{id}/restore", before=("DELETE", TASKS + "/{id}")),
    Endpoint("POST", TASKS + "/batch", lambda _: new_tasks(BATCH)),
    Endpoint("PATCH", TASKS + "/batch", changed_tasks, BATCH),
    Endpoint("POST", TASKS + "/batch-delete", lambda ids: {"ids": ids}, BATCH),
    Endpoint("GET", TASKS + "/stats"),
    Endpoint("GET", "/api/me"),
    Endpoint("PATCH", "/api/me", lambda _: {"name": "Demo"}),
]


class Measured(NamedTuple):
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


def prove() -> Proof:
    token = demo_token()
    yield Step("starting Postgres", 0)
    with stage() as proxy:
        yield Step("the first request", 0.1)
        first = measure(proxy, "GET", TASKS, token)
        driver = handshake(proxy)
        need("POST", TASKS, token, {"title": "The first write makes the user's row"})
        warm = []
        for done, endpoint in enumerate(ENDPOINTS):
            yield Step(f"{endpoint.method} {endpoint.path}", 0.1 + 0.9 * done / len(ENDPOINTS))
            warm.append(measure_warm(proxy, endpoint, token))
        return judge(first, driver, warm, usual(proxy))


def measure(
    proxy: CountingProxy, method: str, path: str, token: str, body: object = None
) -> Measured:
    """Send one request and count whatever crossed the wire since the last reset."""
    begun = time.perf_counter()
    response = ask(method, path, token, body)
    return Measured(response, proxy.snapshot(), (time.perf_counter() - begun) * 1000)


def measure_warm(proxy: CountingProxy, endpoint: Endpoint, token: str) -> Measured:
    made = need("POST", TASKS + "/batch", token, new_tasks(endpoint.size))
    ids: Ids = [task["id"] for task in made["items"]]
    if endpoint.before:
        method, path = endpoint.before
        need(method, path.format(id=ids[0]), token)
    proxy.reset()
    path = endpoint.path.format(id=ids[0])
    return measure(proxy, endpoint.method, path, token, endpoint.body(ids))


def judge(first: Measured, driver: Counts, warm: list[Measured], them: Others) -> Verdict:
    rows = [row(name(endpoint), one) for endpoint, one in zip(ENDPOINTS, warm, strict=True)]
    rows.append(row("GET /tasks, first of a process", first))
    rows.append(("psycopg2.connect() alone", "", trips(driver), "", ""))
    rows += [(f"the usual code, {name}", "", trips(one), "", "") for name, one in them.items()]
    met = sum(measured.is_one_trip for measured in warm)
    figure = (
        f"{met} of {len(warm)} requests are 1 round trip each; the first of a process "
        f"is {trips(first.counts)}, and the driver alone {trips(driver)}"
    )
    goal_met = met == len(warm) and first.is_one_more_than(driver)
    return Verdict(COLUMNS, rows, figure, goal_met)


def name(endpoint: Endpoint) -> str:
    size = f" of {BATCH}" if "batch" in endpoint.path else ""
    return f"{endpoint.method} {endpoint.path.removeprefix('/api/me') or endpoint.path}{size}"


def row(request: str, measured: Measured) -> tuple[str, ...]:
    response, counts, ms = measured
    return request, str(response.status), trips(counts), " ".join(counts.kinds), f"{ms:.0f}"


def trips(counts: Counts) -> str:
    """Those of the handshake first, where there was one: "4 + 1"."""
    handshake = f"{counts.handshake_trips} + " if counts.handshake_trips else ""
    return f"{handshake}{counts.trips}"
