"""The OpenAPI document: valid, complete, and true of what is answered."""

from typing import Any

import httpx2
import pytest
from fastapi.routing import iter_route_contexts
from openapi_spec_validator import validate

from app.main import app
from tests.documented import check
from tests.people import Person

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
DOCUMENT = app.openapi()


OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
every_operation = pytest.mark.parametrize(
    ("name", "operation"), OPERATIONS.items(), ids=OPERATIONS.keys()
)


def test_the_document_is_valid_and_served_as_it_is(outsider: Person) -> None:
    validate(DOCUMENT)
    assert outsider.get("http://test/openapi.json").json() == DOCUMENT


def test_operations_are_named_as_in_the_code_and_each_name_is_one() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)
    routes = [each for each in iter_route_contexts(app.routes) if each.include_in_schema]
    assert sorted(ids) == sorted(each.endpoint.__name__ for each in routes if each.endpoint)
    assert {"list_tasks", "add_task", "get_task", "change_task", "delete_task"} <= {*ids}


@every_operation
def test_every_operation_tells_its_tag_and_its_refusals(name: str, operation: Any) -> None:
    assert len(operation["tags"]) == 1
    told = {status for status in operation["responses"] if status >= "400"}
    needed = {"413", "422", "500"}
    if "/api/" in name:
        needed |= {"401", "403", "503"}
    if "requestBody" in operation:
        needed |= {"400", "415"}
    if "_id}" in name.replace("{user_id}", ""):
        needed |= {"404"}
    assert needed <= told
    for status in told:
        assert operation["responses"][status]["content"] == PROBLEM


@every_operation
def test_every_operation_of_a_user_asks_for_a_token_and_no_other_does(
    name: str, operation: Any
) -> None:
    assert operation.get("security") == ([{"HTTPBearer": []}] if "/api/" in name else None)


@every_operation
def test_every_write_takes_an_idempotency_key(name: str, operation: Any) -> None:
    taken = {each["name"].lower() for each in operation.get("parameters", [])}
    assert ("idempotency-key" in taken) == (not name.startswith("GET "))


def answer(status: int, kind: str | None, method: str = "GET", path: str = "/health") -> Any:
    headers = {} if kind is None else {"content-type": kind}
    request = httpx2.Request(method, f"http://test{path}")
    return httpx2.Response(status, headers=headers, request=request)


@pytest.mark.parametrize(
    "undocumented",
    [
        answer(418, "application/json"),
        answer(200, "text/html"),
        answer(200, None),
        answer(404, "application/problem+json", path="/api/me/tasks"),
        answer(422, "application/json", "POST", "/api/me/tasks"),
        answer(200, "application/json", "DELETE", "/api/me/tasks/7"),
    ],
)
def test_an_answer_that_the_document_does_not_tell_of_is_noticed(undocumented: Any) -> None:
    with pytest.raises(AssertionError):
        check(undocumented)


@pytest.mark.parametrize(
    "told",
    [
        answer(200, "application/json"),
        answer(200, "application/json", "HEAD"),
        answer(404, "application/problem+json", path="/nowhere"),
        answer(405, "application/problem+json", "PUT", "/api/me/tasks"),
        answer(204, None, "DELETE", "/api/me/tasks/7"),
        answer(304, None, path="/api/me/tasks/7"),
        answer(200, "application/json", path="/api/me/tasks/stats"),
    ],
)
def test_an_answer_that_the_document_tells_of_passes(told: Any) -> None:
    check(told)


def test_what_is_answered_is_documented(owner: Person, outsider: Person) -> None:
    id = owner.add()["id"]
    check(owner.get("tasks"))
    check(owner.get("tasks?limit=0"))
    check(owner.get("tasks?cursor=x"))
    check(owner.get(f"tasks/{id}"))
    check(owner.get(f"tasks/{id}", headers={"If-None-Match": '"1"'}))
    check(outsider.get(f"tasks/{id}"))
    check(owner.post("tasks", content="{"))
    check(owner.post("tasks", content="{", headers={"content-type": "application/json"}))
    check(owner.patch(f"tasks/{id}", json={"title": "b"}, headers={"If-Match": '"7"'}))
    check(owner.post(f"tasks/{id}/restore"))
    check(owner.delete(f"tasks/{id}"))
    check(owner.get(f"http://test/api/{outsider.id}/tasks"))
    check(owner.get("http://test/health/ready"))
