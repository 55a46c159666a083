"""A route is made when the first request comes its way, and is then as FastAPI makes it."""

import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Query
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from app.db import database
from app.lazy_routes import LazyRoute
from app.main import app, create_app
from dev import ROOT

MADE = """
import json
import app.aws
from dev.events import Request
from dev.lambda_function import send

def left():
    return [each.endpoint.__name__ for each in app.main.app.routes if "make" in vars(each)]

told = [left()]
send(Request("GET", "/health", []))
print(json.dumps([*told, left()]))
"""


def left(kind: str) -> list[list[str]]:
    """Routes that are not made when all is imported, and after a request."""
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", MADE],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "LOG_LEVEL": "ERROR",
            "AWS_LAMBDA_INITIALIZATION_TYPE": kind,
        },
    )
    told: list[list[str]] = json.loads(done.stdout)
    return told


def test_a_start_makes_no_route_and_a_request_only_its_own() -> None:
    imported, asked = left("on-demand")
    assert {"get_health", "list_tasks", "explain"} <= {*imported}
    assert {*imported} - {*asked} == {"get_health"}


def test_a_snapshot_holds_every_route_made() -> None:
    assert left("snap-start") == [[], []]


def double(number: int) -> int:
    return 2 * number


def lazy_app(endpoint: Callable[..., Any] = double, **options: Any) -> FastAPI:
    router, lazy = APIRouter(prefix="/twice", route_class=LazyRoute, **options), FastAPI()
    router.get("/{number}")(endpoint)
    for route in router.routes:
        assert isinstance(route, LazyRoute)
        route.join(lazy)
    return lazy


def test_a_route_answers_before_and_after_it_is_made() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the client's own
        client = TestClient(lazy_app())
    assert [client.get("/twice/4").json(), client.get("/twice/4").json()] == [8, 8]
    assert client.get("/twice/four").status_code == 422
    assert client.post("/twice/4").status_code == 405


def test_threads_that_ask_while_a_route_is_made_wait_for_it() -> None:
    def named(route: APIRoute) -> str:
        time.sleep(0.05)  # so long that all are here before it is made
        return route.name

    crowd = 4
    lazy, doors = lazy_app(generate_unique_id_function=named), Barrier(crowd)

    def ask(_: int) -> int:
        doors.wait()
        answer: int = TestClient(lazy).get("/twice/4").json()
        return answer

    with ThreadPoolExecutor(crowd) as threads:
        assert [*threads.map(ask, range(crowd))] == [8] * crowd


def test_nobody_passes_before_the_models_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    lazy, use, using, passed = lazy_app(), LazyRoute.use, Event(), Event()

    def slowly(route: LazyRoute) -> None:
        using.set()
        assert not passed.wait(0.3)
        use(route)

    def ask() -> int:
        answer: int = TestClient(lazy).get("/twice/4").json()
        passed.set()
        return answer

    monkeypatch.setattr(LazyRoute, "use", slowly)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(ask)
        assert using.wait(60)
        assert [threads.submit(ask).result(), first.result()] == [8, 8]


def test_what_an_app_overrides_is_overridden() -> None:
    def number() -> int:
        return 1

    def twice(of: Annotated[int, Depends(number)]) -> int:
        return double(of)

    lazy = lazy_app(twice)
    lazy.dependency_overrides[number] = lambda: 21
    assert TestClient(lazy).get("/twice/4").json() == 42


def test_a_second_app_has_routes_of_its_own() -> None:
    one, other = create_app(), create_app()
    one.dependency_overrides[database] = broken
    assert TestClient(one, raise_server_exceptions=False).get("/health/db").status_code == 500
    assert TestClient(other).get("/health/db").status_code == 200


def broken() -> None:
    raise AssertionError


def test_a_route_that_cannot_be_made_says_why_each_time() -> None:
    def odd(number: Annotated[int, Query(pattern="[0-9]")]) -> int:
        return number

    (route,) = [each for each in lazy_app(odd).routes if isinstance(each, LazyRoute)]
    for _ in range(2):
        with pytest.raises(AssertionError, match="number"):
            route.complete()


def test_before_a_snapshot_a_route_is_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    (route,) = [each for each in lazy_app().routes if isinstance(each, LazyRoute)]
    assert "make" not in vars(route)


def test_the_document_tells_of_routes_that_nobody_has_asked() -> None:
    assert lazy_app().openapi()["paths"]["/twice/{number}"]["get"]["parameters"]


def test_what_no_route_has_a_lazy_one_has_not_either() -> None:
    (route,) = [each for each in lazy_app().routes if isinstance(each, LazyRoute)]
    for _ in range(2):
        with pytest.raises(AttributeError, match="nothing"):
            _ = route.nothing
    route.complete()
    assert route.path_format == "/twice/{number}"


def test_all_our_routes_are_lazy() -> None:
    documents = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}
    eager = {getattr(each, "path", "") for each in app.routes if not isinstance(each, LazyRoute)}
    assert eager == documents
