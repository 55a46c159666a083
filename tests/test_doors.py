"""One app behind uvicorn, API Gateway and a load balancer: the same request, the same answer."""

import asyncio
import importlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from psycopg2.extensions import cursor

from app.aws import handler
from app.main import app
from dev import ROOT
from dev.events import DOORS, Request
from dev.lambda_function import Context, response
from dev.local import ORIGIN
from dev.prove._served import served
from tests.people import Person
from tests.problem import refused

ID = ("X-Request-Id", "the-same-for-all")
JSON = ("Content-Type", "application/json")
NO_TOKEN = ("Authorization", "Bearer no")
OF_THE_SERVER = {"date", "server", "connection", "server-timing"}


@pytest.fixture(scope="module")
def uvicorns() -> Iterator[httpx2.Client]:
    """A client of a real uvicorn."""
    with (
        served() as address,
        httpx2.Client(base_url=address, headers={"accept": "*/*"}) as client,
    ):
        yield client


def through(door: str, request: Request) -> httpx2.Response:
    return answered(DOORS[door](request))


def answered(event: Any) -> httpx2.Response:
    status, headers, body = response(handler(event, Context()))
    return httpx2.Response(status, headers=headers, content=body)


def essence(answer: httpx2.Response) -> tuple[int, bytes, set[tuple[str, str]]]:
    empty = set() if answer.content else {"content-type"}  # Mangum names one even where none is
    ours = answer.headers.items()
    headers = {(name, value) for name, value in ours if name not in OF_THE_SERVER | empty}
    return answer.status_code, answer.content, headers


@pytest.fixture
def task(owner: Person) -> dict[str, Any]:
    owner.add("first", tags=["ü"])
    return owner.add("second")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "asked",
    [
        Request("GET", "/api/me/tasks?limit=1&sort=title", []),
        Request("GET", "/api/me/tasks?q=first%20-no+way&tag=%C3%BC", []),
        Request("GET", "/api/me/tasks/{task}", []),
        Request("HEAD", "/api/me/tasks/{task}", []),
        Request("GET", "/api/me/tasks/{task}", [("If-None-Match", '"1"')]),
        Request("PATCH", "/api/me/tasks/{task}", [JSON, ("If-Match", '"9"')], b'{"title":"a"}'),
        Request("PATCH", "/api/me/tasks/{task}", [JSON], b'{"titel":"a"}'),
        Request("POST", "/api/me/tasks", [JSON], b'{"title":"\xff"}'),
        Request("POST", "/api/me/tasks", [], b'{"title":"a"}'),
        Request("POST", "/api/me/tasks", [JSON], b'{"title":"a"}'.ljust(1024 * 1024 + 1)),
        Request("GET", "/api/someone/tasks", []),
        Request("GET", "/api/me/tasks", [NO_TOKEN]),
        Request("GET", "/nowhere", []),
        Request("PUT", "/api/me/tasks", []),
        Request("GET", "/health", [("Origin", ORIGIN)]),
        Request("GET", "/problems/not_found", []),
        Request("GET", "/openapi.json", []),
    ],
)
def test_every_door_gives_the_same_answer(
    uvicorns: httpx2.Client, owner: Person, task: dict[str, Any], door: str, asked: Request
) -> None:
    token = ("Authorization", owner.headers["authorization"])
    headers = [*asked.headers, ID, *([] if NO_TOKEN in asked.headers else [token])]
    asked = asked._replace(target=asked.target.replace("{task}", task["id"]), headers=headers)
    by_uvicorn = uvicorns.request(
        asked.method, asked.target, headers=headers, content=asked.body or None
    )
    by_lambda = through(door, asked)
    assert essence(by_lambda) == essence(by_uvicorn)
    assert by_lambda.headers["x-request-id"] == "the-same-for-all"


@pytest.mark.parametrize("door", DOORS)
def test_what_is_added_through_a_door_is_there(owner: Person, door: str) -> None:
    headers = [JSON, ("Authorization", owner.headers["authorization"])]
    body = '{"title":"🧊"}'.encode()
    added = through(door, Request("POST", "/api/me/tasks", headers, body))
    assert added.status_code == 201
    assert owner.get(f"tasks/{added.json()['id']}").json() == added.json()


def test_head_answers_like_get_without_a_body(uvicorns: httpx2.Client, owner: Person) -> None:
    headers = [("Authorization", owner.headers["authorization"]), ID]
    for target in ("/api/me/tasks", "/api/me/tasks/7", "/health", "/nowhere", "/openapi.json"):
        got = uvicorns.get(target, headers=headers)
        head = uvicorns.head(target, headers=headers)
        assert head.content == b""
        assert head.status_code == got.status_code
        own = {"date": "", "server-timing": ""}
        assert {**head.headers, **own} == {**got.headers, **own}


@pytest.mark.parametrize("door", ["uvicorn", *DOORS])
def test_browsers_of_the_front_end_may_ask_and_others_may_not(
    uvicorns: httpx2.Client, door: str
) -> None:
    def preflight(origin: str) -> httpx2.Response:
        headers = [("Origin", origin), ("Access-Control-Request-Method", "PATCH")]
        headers += [("Access-Control-Request-Headers", "authorization,if-match,idempotency-key")]
        if door == "uvicorn":
            return uvicorns.options("/api/me/tasks", headers=headers)
        return through(door, Request("OPTIONS", "/api/me/tasks", headers))

    ours, theirs = preflight(ORIGIN), preflight("https://elsewhere.example")
    assert ours.status_code == 200
    assert ours.headers["access-control-allow-origin"] == ORIGIN
    assert "PATCH" in ours.headers["access-control-allow-methods"]
    assert "Idempotency-Key" in ours.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in theirs.headers


def test_other_origins_are_told_nothing_that_a_browser_would_show(owner: Person) -> None:
    answer = owner.get("tasks", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in answer.headers
    ours = owner.get("tasks", headers={"Origin": ORIGIN})
    assert ours.headers["access-control-allow-origin"] == ORIGIN
    assert {"ETag", "Link", "X-Request-Id"} <= {
        *ours.headers["access-control-expose-headers"].split(", ")
    }


@pytest.mark.parametrize("door", DOORS)
def test_problems_leave_lambda_as_text(door: str) -> None:
    result = handler(DOORS[door](Request("GET", "/nowhere", [])), Context())
    assert result["isBase64Encoded"] is False
    assert json.loads(result["body"])["code"] == "not_found"


@pytest.mark.parametrize(
    "event",
    [
        None,
        "warm up",
        [],
        {},
        {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}},
        {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
        {"requestContext": {"routeKey": "MESSAGE", "connectionId": "a"}, "body": "{}"},
    ],
)
def test_an_event_that_is_no_request_fails_and_says_why(event: Any) -> None:
    with pytest.raises(ValueError, match="answers HTTP events only"):
        handler(event, Context())


@pytest.mark.parametrize("more", [{"dry_run": True}, {"older_than": 365}, {"revision": "head"}])
def test_a_task_that_says_more_than_it_can_is_not_done(
    owner: Person, sql: cursor, more: dict[str, Any]
) -> None:
    """The command has a dry run, and so has a migration: who asks for one here wants no purge."""
    task = owner.add()
    long_ago = "UPDATE tasks SET deleted_at = now() - interval '400 days' WHERE id = %s"
    sql.execute(long_ago, (task["id"],))
    with pytest.raises(ValueError, match="takes nothing else"):
        handler({"task": "purge", **more}, Context())
    sql.execute("SELECT FROM tasks WHERE id = %s", (task["id"],))
    assert sql.rowcount == 1


GARBLED: dict[str, dict[str, Any]] = {
    "a body with half a surrogate pair": {"body": '{"title":"\ud800"}'},
    "a body that is no base64": {"body": "%%%a", "isBase64Encoded": True},
    "a body that is a number": {"body": 7},
    "headers that are a list": {"headers": ["a"], "multiValueHeaders": ["a"]},
    "a header of null": {"headers": {"a": None}, "multiValueHeaders": {"a": [None]}},
    "a header with half a surrogate pair": {
        "headers": {"a": "\udfff"},
        "multiValueHeaders": {"a": ["\udfff"]},
    },
    "a port that is no number": {
        "headers": {"x-forwarded-port": "ssh"},
        "multiValueHeaders": {"x-forwarded-port": ["ssh"]},
    },
    "a host with colons": {
        "headers": {"host": "[::1]:80"},
        "multiValueHeaders": {"host": ["[::1]:80"]},
    },
    "a query with half a surrogate pair": {
        "rawQueryString": "q=\ud800",
        "queryStringParameters": {"q": "\ud800"},
        "multiValueQueryStringParameters": {"q": ["\ud800"]},
    },
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", GARBLED)
def test_a_garbled_event_is_a_malformed_request(door: str, name: str) -> None:
    event = DOORS[door](Request("POST", "/api/me/tasks", [JSON], b"{}"))
    garbled = {member: value for member, value in GARBLED[name].items() if member in event}
    answer = answered({**event, **garbled})
    assert refused(answer, 400)["code"] == "malformed"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "change",
    [
        {"headers": None, "multiValueHeaders": None},
        {"rawPath": None, "path": None},
        {"rawPath": "/api/\ud800/tasks", "path": "/api/\ud800/tasks"},
        {"rawPath": "/api/me/tasks\0", "path": "/api/me/tasks\0"},
        {"httpMethod": None},
        {"httpMethod": "GET\r\n"},
        {"body": None},
    ],
    ids=str,
)
def test_an_event_without_what_it_should_have_is_refused(door: str, change: dict[str, Any]) -> None:
    event = DOORS[door](Request("POST", "/api/me/tasks", [JSON], b"{}"))
    garbled = {member: value for member, value in change.items() if member in event}
    refused(answered({**event, **garbled}), 400, 401, 404, 405, 415)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: a=1", "a\nb", "ü", "a\0", "x" * 256, ""])
def test_no_header_can_be_smuggled_in_by_a_request_id(door: str, value: str) -> None:
    answer = through(door, Request("GET", "/health", [("X-Request-Id", value)]))
    assert answer.status_code == 200
    assert len(answer.headers["x-request-id"]) == 32
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("value", ["a\r\nb", "a\0", "ü"])
def test_no_idempotency_key_holds_what_no_header_can(owner: Person, door: str, value: str) -> None:
    headers = [JSON, ("Authorization", owner.headers["authorization"]), ("Idempotency-Key", value)]
    answer = through(door, Request("POST", "/api/me/tasks", headers, b'{"title":"a"}'))
    refused(answer, 422)
    assert owner.titles() == []


def test_the_function_answers_in_any_thread_and_beside_other_loops() -> None:
    request = Request("GET", "/health", [])
    asyncio.run(asyncio.sleep(0))
    assert through("v2", request).status_code == 200
    with ThreadPoolExecutor(1) as another:
        assert another.submit(through, "v2", request).result().status_code == 200
    assert through("v2", request).status_code == 200


def test_vercel_finds_the_app_in_a_folder_of_one_file() -> None:
    assert importlib.import_module("api.index").app is app
    assert [path.name for path in (ROOT / "api").glob("*.*")] == ["index.py"]
