"""What a caller sends arrives through every door of AWS, changed only as that door changes it."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from mangum import Mangum
from starlette.types import Receive, Scope, Send

from dev import ROOT
from dev.aws.emulator import PINS
from dev.aws.installing import environment as installed
from dev.events import DOORS, Event, Request, http_api, load_balancer, rest_api
from dev.lambda_function import Context, response
from tests.lambda_python import needs_lambda

JSON = ("Content-Type", "application/json")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    seen = {
        "method": scope["method"],
        "path": scope["path"],
        "query": scope["query_string"].decode(),
        "headers": [[name.decode(), value.decode()] for name, value in scope["headers"]],
        "body": (await receive())["body"].decode("latin-1"),
    }
    headers = [(b"content-type", b"application/json"), (b"x-seen", b"yes")]
    headers += [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(seen).encode()})


@pytest.fixture(autouse=True)
def loop() -> Iterator[None]:
    """Mangum looks for a loop that is not running; since Python 3.12 nobody makes one unasked."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def through(door: str, request: Request) -> dict[str, Any]:
    handler = Mangum(echo, lifespan="off")
    answer = response(handler(DOORS[door](request), Context()))  # type: ignore[arg-type]
    seen: dict[str, Any] = json.loads(answer.body)
    return seen


def test_method_path_query_and_body_arrive_through_every_door(door: str) -> None:
    request = Request("PATCH", "/api/me/tasks?q=a%20b&limit=5", [JSON], '{"ü":1}'.encode())
    seen = through(door, request)
    assert (seen["method"], seen["path"]) == ("PATCH", "/api/me/tasks")
    assert seen["query"] in {"q=a%20b&limit=5", "q=a+b&limit=5"}
    assert seen["body"].encode("latin-1") == request.body


def test_headers_arrive_through_every_door_with_those_of_the_gateway(door: str) -> None:
    seen = dict(through(door, Request("GET", "/", [("Authorization", "Bearer x")]))["headers"])
    assert seen["authorization"] == "Bearer x"
    assert seen["x-forwarded-proto"] == "https"
    assert seen["host"] == "thaw.example"


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/json"])
def test_bytes_that_are_no_text_arrive_unharmed(door: str, kind: str) -> None:
    request = Request("POST", "/", [("Content-Type", kind)], b"\x00\xff\xfe")
    assert through(door, request)["body"].encode("latin-1") == request.body


def test_status_headers_and_every_cookie_come_back(door: str) -> None:
    handler = Mangum(echo, lifespan="off")
    answer = response(handler(DOORS[door](Request("GET", "/", [])), Context()))  # type: ignore[arg-type]
    assert (answer.status, answer.header("X-Seen")) == (201, "yes")
    cookies = [value for name, value in answer.headers if name.lower() == "set-cookie"]
    assert cookies == ["a=1", "b=2"]


def test_a_result_in_base64_is_decoded() -> None:
    answer = response({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True})
    assert answer.body == b"\x00\xff"


def test_only_an_http_api_decodes_the_path() -> None:
    request = Request("GET", "/tasks/a%2Fb", [])
    assert http_api(request)["rawPath"] == "/tasks/a/b"
    assert rest_api(request)["path"] == load_balancer(request)["path"] == "/tasks/a%2Fb"


def test_a_load_balancer_does_not_decode_the_query() -> None:
    request = Request("GET", "/?q=a%20b", [])
    assert load_balancer(request)["queryStringParameters"] == {"q": "a%20b"}
    assert rest_api(request)["queryStringParameters"] == {"q": "a b"}


def test_repeated_values_are_joined_listed_or_lost_as_each_door_does() -> None:
    request = Request("GET", "/?tag=a&tag=b", [("X-A", "1"), ("X-A", "2")])
    assert http_api(request)["queryStringParameters"] == {"tag": "a,b"}
    assert http_api(request)["headers"]["x-a"] == "1,2"
    assert rest_api(request)["multiValueQueryStringParameters"] == {"tag": ["a", "b"]}
    assert load_balancer(request)["queryStringParameters"] == {"tag": "b"}
    every = load_balancer(request, multi_value=True)
    assert every["multiValueHeaders"]["x-a"] == ["1", "2"]
    assert "headers" not in every


def test_an_http_api_carries_cookies_apart() -> None:
    event = http_api(Request("GET", "/", [("Cookie", "a=1; b=2")]))
    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]


def test_the_time_left_falls_to_zero_and_no_further() -> None:
    assert 29_000 < Context(30).get_remaining_time_in_millis() <= 30_000
    assert Context(-1).get_remaining_time_in_millis() == 0


ASKED = Request(
    "GET",
    "/api/me/tasks?q=an%20event&tag=home&tag=work&limit=5",
    [
        ("Accept", "application/json"),
        ("Cookie", "a=1; b=2"),
        ("User-Agent", "curl/8.16.0"),
        ("X-Request-Id", "recorded"),
    ],
)
"""What the recorded events have asked for."""

CLOCK = {"time", "timeEpoch", "requestTime", "requestTimeEpoch"}


def timeless(event: Event) -> Event:
    context = event["requestContext"].items()
    return {**event, "requestContext": {name: at for name, at in context if name not in CLOCK}}


def test_the_recorded_events_are_those_that_the_doors_make(door: str) -> None:
    recorded = json.loads((ROOT / "tests" / "events" / f"{door}.json").read_text())
    made = DOORS[door](ASKED)
    assert timeless(made) == timeless(recorded)
    for name in CLOCK & recorded["requestContext"].keys():
        assert isinstance(made["requestContext"][name], type(recorded["requestContext"][name]))


def test_every_recorded_event_has_a_door_or_is_a_task() -> None:
    names = {path.stem for path in (ROOT / "tests" / "events").iterdir()}
    assert names == {*DOORS, "cron", "migrate"}


SETTINGS = {
    "requestContext.authentication",
    "requestContext.authorizer",
    "pathParameters",
    "stageVariables",
}
"""What an HTTP API adds where it is told to check callers, or has routes of its own."""


@needs_lambda
@pytest.mark.slow
@pytest.mark.parametrize(
    ("sample", "door", "absent"),
    [
        ("apigateway/HttpApi", "v2", SETTINGS),
        ("apigateway/AwsProxy", "v1", set[str]()),
        ("alb/ALBRequest", "alb", set[str]()),
    ],
)
def test_amazons_own_samples_hold_no_member_that_ours_lack(
    sample: str, door: str, absent: set[str]
) -> None:
    samples = "lib/*/site-packages/samcli/lib/generated_sample_events/events"
    [path] = installed(PINS).glob(f"{samples}/{sample}.json")
    ours = DOORS[door](ASKED._replace(body=b"{}"))
    assert members(json.loads(path.read_text())) - absent <= members(ours)


def members(event: Event) -> set[str]:
    """The names of all members, but not of what the caller has named."""
    given = {"headers", "multiValueHeaders", "queryStringParameters", "stageVariables"}
    given |= {"multiValueQueryStringParameters", "authentication", "authorizer", "pathParameters"}
    found = set(event)
    for name, value in event.items():
        if isinstance(value, dict) and name not in given:
            found |= {f"{name}.{each}" for each in members(value)}
    return found
