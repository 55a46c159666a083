"""The OpenAPI document: valid, complete, and true of what is answered."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi.routing import iter_route_contexts
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from app.main import app
from dev import ROOT
from tests.documented import check, resolved
from tests.people import Person

DOCUMENT = app.openapi()
PROBLEM = {"$ref": "#/components/schemas/Problem"}


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


def test_a_function_that_starts_makes_no_document() -> None:
    begun = (
        "import sys, app.main; print(app.main.app.openapi_schema, 'app.document' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", begun], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout == "None False\n"


def test_threads_that_ask_at_once_are_all_told_the_whole_document(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "openapi_schema", None)
    crowd = 4
    doors = Barrier(crowd)

    def ask(_: int) -> bool:
        doors.wait()
        return app.openapi() == DOCUMENT

    with ThreadPoolExecutor(crowd) as threads:
        assert all(threads.map(ask, range(crowd)))


def test_every_reference_leads_somewhere() -> None:
    for reference in set(re.findall(r'"\$ref": "(.*?)"', json.dumps(DOCUMENT))):
        assert resolved({"$ref": reference})


def test_every_tag_is_described() -> None:
    used = {tag for operation in OPERATIONS.values() for tag in operation["tags"]}
    assert {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]} == used


def test_what_answers_hold_is_always_there_but_for_what_was_not_asked_for() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    sent = {name for name, schema in schemas.items() if "additionalProperties" in schema}
    optional = {
        field
        for name in schemas.keys() - sent
        for field in schemas[name].get("properties", {}).keys()
        - {*schemas[name].get("required", [])}
    }
    assert optional == {"snippet", "total", "pages", "errors"}


def test_no_parameter_is_null_or_a_const() -> None:
    """Null cannot be sent, and no generator takes a header's `const`."""
    for name, operation in OPERATIONS.items():
        for parameter in operation.get("parameters", []):
            assert "null" not in json.dumps(parameter["schema"]), f"{name} {parameter}"
            assert "const" not in parameter["schema"]


def test_words_are_listed_once_and_named_everywhere_else() -> None:
    """Else clients get a type for each place."""
    schemas = DOCUMENT["components"]["schemas"]
    for name in ("Status", "Priority", "MessageRole", "TeamRole"):
        words = json.dumps(schemas[name]["enum"])
        assert json.dumps(schemas).count(words) == 1, name
    assert schemas["TaskOut"]["properties"]["status"] == {"$ref": "#/components/schemas/Status"}


def test_a_default_is_told_in_words_where_there_is_anything_to_tell() -> None:
    """Of a `default`, generators make a field that must be sent."""
    told = {}
    for schema in DOCUMENT["components"]["schemas"].values():
        for name, field in schema.get("properties", {}).items():
            assert "default" not in field, name
            if found := re.search("`(.*)` if it is not given", field.get("description", "")):
                told[name] = found[1]
    assert told == {"status": "todo", "priority": "medium"}


@every_operation
def test_every_operation_says_what_it_does(name: str, operation: Any) -> None:
    assert operation["summary"], name
    assert operation["description"].endswith("."), name
    for parameter in operation.get("parameters", []):
        assert parameter["in"] == "path" or parameter["description"], f"{name} {parameter}"


def told(operation: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """Every example of an operation beside its schema."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            yield parameter["schema"], parameter["example"]
    for message in (operation.get("requestBody", {}), *operation["responses"].values()):
        for content in resolved(message).get("content", {}).values():
            several = [resolved(each)["value"] for each in content.get("examples", {}).values()]
            for example in several or [content["example"]]:
                yield content["schema"], example


@every_operation
def test_examples_are_as_their_schemas_say(name: str, operation: Any) -> None:
    examples = [*told(operation)]
    assert examples, name
    for schema, example in examples:
        whole = {**schema, "components": DOCUMENT["components"]}
        check_format = OAS31Validator.FORMAT_CHECKER
        OAS31Validator(whole, format_checker=check_format).validate(example)
        assert "text" not in re.findall(r'": "(.*?)"', json.dumps(example)), "says nothing"


@pytest.mark.parametrize("path", [path for path, all in DOCUMENT["paths"].items() if "post" in all])
def test_what_a_body_shows_is_what_may_be_sent(owner: Person, path: str) -> None:
    """Unless it names a row: that one is not there."""
    body = DOCUMENT["paths"][path]["post"].get("requestBody")
    example = body and body["content"]["application/json"]["example"]
    url = "http://test" + re.sub(r"{\w+}", str(uuid4()), path.replace("{user_id}", "me"))
    status = owner.post(url, json=example).status_code
    names_a_row = "{" in path.replace("{user_id}", "") or "ids" in str(example)
    assert status == (404 if names_a_row else 201)


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
        content = resolved(operation["responses"][status])["content"]
        assert content.keys() == {"application/problem+json"}
        assert content["application/problem+json"]["schema"] == PROBLEM


@every_operation
def test_every_operation_of_a_user_asks_for_a_token_and_no_other_does(
    name: str, operation: Any
) -> None:
    assert operation.get("security") == ([{"HTTPBearer": []}] if "/api/" in name else None)


@every_operation
def test_every_write_takes_an_idempotency_key(name: str, operation: Any) -> None:
    taken = {each["name"].lower() for each in operation.get("parameters", [])}
    assert ("idempotency-key" in taken) == (not name.startswith("GET "))


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_other_methods_are_refused_with_those_that_the_document_tells(
    outsider: Person, path: str
) -> None:
    here = path.replace("{user_id}", "me").replace("{member_id}", "me")
    url = "http://test" + re.sub(r"{\w+}", str(uuid4()), here)
    known = {method.upper() for method in DOCUMENT["paths"][path]}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - known:
        answer = outsider.request(method, url)
        assert answer.status_code == 405, f"{method} {answer.text}"
        assert {*answer.headers["allow"].split(", ")} - {"HEAD"} == known


TASK = f"/api/me/tasks/{uuid4()}"
ETAG = {"ETag": '"1"'}


def answer(
    status: int, kind: str | None, method: str = "GET", path: str = "/health", **more: Any
) -> Any:
    headers = {"X-Request-Id": "7", **({} if kind is None else {"Content-Type": kind})}
    headers |= more.pop("headers", {})
    request = httpx2.Request(method, f"http://test{path}")
    return httpx2.Response(status, headers=headers, request=request, **more)


@pytest.mark.parametrize(
    "undocumented",
    [
        answer(418, "application/json"),
        answer(200, "text/html"),
        answer(200, None),
        answer(404, "application/problem+json", path="/api/me/tasks"),
        answer(422, "application/json", "POST", "/api/me/tasks"),
        answer(200, "application/json", "DELETE", TASK),
        answer(200, "application/json", path=TASK),
        answer(200, "application/json", headers=ETAG),
        httpx2.Response(304, request=httpx2.Request("GET", f"http://test{TASK}"), headers=ETAG),
        answer(404, "application/problem+json", path=TASK, json={"code": "conflict"}),
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
        answer(204, None, "DELETE", TASK),
        answer(304, None, path=TASK, headers=ETAG),
        answer(404, "application/problem+json", path=TASK, json={"code": "not_found"}),
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
