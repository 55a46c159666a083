"""What each endpoint costs on the wire. A number that grows here is a decision, not an accident."""

import os
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import cursor

from dev.prove._trips_count import following
from dev.prove._trips_endpoints import ENDPOINTS, UNCOUNTED, Endpoint, shape
from dev.prove._trips_things import Asked, Size, Things, asked, fill
from dev.wire import CountingProxy
from tests.people import Person, sign_up

FEW, MANY = Size(1), Size(300)
READS = [endpoint for endpoint in ENDPOINTS if endpoint.reads]
BATCHES = [endpoint for endpoint in ENDPOINTS if endpoint.batch]
ONE_PAGE = 50
"""Which those requests leave out that ask for the second page first."""


@pytest.fixture(scope="module")
def reader() -> tuple[Person, Things]:
    """Somebody who has many rows, and only reads them."""
    with closing(psycopg2.connect(os.environ["DATABASE_URL"])) as connection, connection:
        sql = connection.cursor()
        person = sign_up(sql, "reader")
        things = fill(sql, person.id, MANY)
        sql.execute("ANALYZE")
        return person, things


@pytest.fixture
def warm(owner: Person, wire: CountingProxy) -> CountingProxy:
    """The connection is there already."""
    assert owner.get("tasks").is_success
    return wire


def named(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def send(person: Person, wire: CountingProxy, asked: Asked) -> Any:
    """The answer to a request that is one round trip."""
    wire.reset()
    answer = person.request(asked.method, f"http://test{asked.target}", json=asked.body)
    assert answer.is_success, answer.text
    assert wire.snapshot().kinds == ("Q",)
    return answer


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=named)
def test_one_request_is_one_round_trip(
    sql: cursor, owner: Person, warm: CountingProxy, endpoint: Endpoint
) -> None:
    send(owner, warm, asked(endpoint, fill(sql, owner.id, FEW)))


@pytest.mark.parametrize("endpoint", BATCHES, ids=named)
def test_a_batch_is_one_round_trip_however_many_it_has(
    sql: cursor, owner: Person, warm: CountingProxy, endpoint: Endpoint
) -> None:
    request = asked(endpoint, fill(sql, owner.id, MANY))
    (items,) = request.body.values()
    assert len(items) == min(endpoint.batch, MANY.rows)
    send(owner, warm, request)


@pytest.mark.parametrize("endpoint", READS, ids=named)
def test_a_page_is_one_round_trip_however_many_there_are(
    reader: tuple[Person, Things], warm: CountingProxy, endpoint: Endpoint
) -> None:
    person, things = reader
    request: Asked | None = asked(endpoint, things)
    seen = 0
    while request and seen < MANY.rows:
        answer = send(person, warm, request)
        seen += len(answer.json().get("items", things.kept))  # all, where it is no list
        target = following(answer.headers.get("link"))
        request = Asked("GET", target) if target else None
    assert seen >= MANY.rows - ONE_PAGE


def test_every_endpoint_stands_in_the_table(owner: Person) -> None:
    document = owner.get("http://test/openapi.json").json()
    documented = {
        (method.upper(), shape(path))
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert documented == {endpoint.route for endpoint in ENDPOINTS} | UNCOUNTED.keys()


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
