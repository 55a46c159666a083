"""What each endpoint costs on the wire. A number that grows here is a decision, not an accident."""

from typing import Any

import pytest

from dev.prove.trips import ENDPOINTS, Endpoint, new_tasks
from dev.wire import CountingProxy
from tests.people import Person

NO_TRIPS = {"get_health", "explain", "get_readiness", "get_database_health"}
"""No database, or one answer kept for many requests: test_health.py says so."""


def prepared(person: Person, endpoint: Endpoint) -> list[str]:
    tasks = person.post("tasks/batch", json=new_tasks(endpoint.size)).json()["items"]
    ids = [task["id"] for task in tasks]
    if endpoint.before:
        method, path = endpoint.before
        person.request(method, f"http://test{path.format(id=ids[0])}")
    return ids


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
def test_one_request_is_one_round_trip(
    owner: Person, wire: CountingProxy, endpoint: Endpoint
) -> None:
    ids = prepared(owner, endpoint)
    wire.reset()
    body = endpoint.body(ids)
    url = f"http://test{endpoint.path.format(id=ids[0])}"
    assert owner.request(endpoint.method, url, json=body).is_success
    assert wire.snapshot().kinds == ("Q",)


def test_every_endpoint_stands_in_the_table(owner: Person) -> None:
    document = owner.get("http://test/openapi.json").json()
    named = {
        (method.upper(), path.replace("{user_id}", "me").replace("{task_id}", "{id}"))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] not in NO_TRIPS
    }
    assert named == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}


@pytest.mark.parametrize(
    ("query", "size"),
    [("limit=100", 300), ("limit=1", 300), ("page=3&page_size=100", 300), ("include=total", 300)],
)
def test_a_list_costs_the_same_however_long_it_is(
    owner: Person, wire: CountingProxy, query: str, size: int
) -> None:
    owner.post("tasks/batch", json=new_tasks(size))
    wire.reset()
    assert owner.get(f"tasks?{query}").is_success
    assert wire.snapshot().kinds == ("Q",)


def test_the_first_request_of_a_process_adds_the_handshake_only(
    owner: Person, wire: CountingProxy
) -> None:
    assert owner.get("tasks").is_success
    counts = wire.snapshot()
    assert (counts.connections, counts.trips) == (1, 1)
    assert counts.kinds[-1] == "Q"
    assert set(counts.kinds[:-1]) <= {"gssenc", "ssl", "startup", "p"}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("PATCH", "tasks/{other}", {"title": "T"}, {}),
        ("DELETE", "tasks/{other}", None, {}),
        ("PATCH", "tasks/{mine}", {"title": "T"}, {"If-Match": '"9"'}),
        ("POST", "tasks/{mine}/restore", None, {}),
    ],
)
def test_a_refusal_may_ask_once_more_to_say_why(
    owner: Person,
    outsider: Person,
    wire: CountingProxy,
    method: str,
    path: str,
    body: Any,
    headers: dict[str, str],
) -> None:
    path = path.format(other=outsider.add()["id"], mine=owner.add()["id"])
    wire.reset()
    assert owner.request(method, path, json=body, headers=headers).is_client_error
    assert wire.snapshot().trips == 2


def test_a_refused_token_or_body_costs_no_trip(owner: Person, wire: CountingProxy) -> None:
    owner.get("tasks")
    wire.reset()
    owner.get("tasks", headers={"Authorization": "Bearer nonsense"})
    owner.post("tasks", json={"titel": "T"})
    owner.get("tasks?limit=0")
    assert wire.snapshot().kinds == ()


def test_the_log_line_counts_the_same_trips(
    owner: Person, wire: CountingProxy, caplog: pytest.LogCaptureFixture
) -> None:
    owner.get("tasks")
    wire.reset()
    owner.get("tasks/stats")
    line = vars(caplog.records[-1])
    assert line["trips"] == wire.snapshot().trips == 1
