"""What a web page of the front end may send and read, and what others are told."""

import httpx2
import pytest

from app.main import app
from dev.local import ORIGIN
from tests.people import Person
from tests.problem import refused

DOCUMENT = app.openapi()
OPERATIONS = [
    (method.upper(), operation)
    for methods in DOCUMENT["paths"].values()
    for method, operation in methods.items()
]


def preflight(person: Person, method: str, *headers: str, origin: str = ORIGIN) -> httpx2.Response:
    """What a browser asks before a page's request, and without the page's token."""
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    asked |= {"Access-Control-Request-Headers": ", ".join(headers).lower()} if headers else {}
    return person.options("tasks", headers={"Authorization": "", **asked})


@pytest.mark.parametrize("method", sorted({"HEAD", *(method for method, _ in OPERATIONS)}))
def test_a_page_may_send_all_that_the_document_asks_for(outsider: Person, method: str) -> None:
    taken = {
        each["name"]
        for _, operation in OPERATIONS
        for each in operation.get("parameters", [])
        if each["in"] == "header"
    }
    sent = {"Authorization", "Content-Type", "X-Request-Id", *taken}
    for header in sent:
        answer = preflight(outsider, method, header)
        assert answer.status_code == 200, f"{header}: {answer.text}"
        assert method in answer.headers["access-control-allow-methods"].split(", ")


def test_a_page_may_read_every_header_that_the_document_tells_of(outsider: Person) -> None:
    for answer in (
        outsider.get("tasks", headers={"Origin": ORIGIN}),
        outsider.get("tasks/7", headers={"Origin": ORIGIN}),
        outsider.get("tasks", headers={"Origin": ORIGIN, "Authorization": ""}),
    ):
        shown = answer.headers["access-control-expose-headers"].split(", ")
        assert {*DOCUMENT["components"]["headers"]} <= {*shown}
        assert "Origin" in answer.headers["vary"].split(", ")


@pytest.mark.parametrize(
    ("origin", "method", "header"),
    [
        ("https://elsewhere.example", "PATCH", "if-match"),
        (ORIGIN, "TRACE", "if-match"),
        (ORIGIN, "PATCH", "x-unknown"),
    ],
)
def test_a_preflight_for_more_than_that_is_refused_as_a_problem(
    outsider: Person, origin: str, method: str, header: str
) -> None:
    problem = refused(preflight(outsider, method, header, origin=origin), 403)
    assert problem["code"] == "forbidden"
    assert "CORS_ORIGINS" in problem["detail"]
