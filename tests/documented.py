"""Holds answers against the OpenAPI document: none may be given that it does not tell of."""

import re
from functools import cache, reduce
from operator import getitem
from typing import Any

import httpx2


def check(response: httpx2.Response) -> None:
    """Assert that status, content type and headers are documented for the route that answered.

    An address that the document does not know is not looked at, nor a method, nor a preflight.
    """
    answers = operation(response.request.method, response.request.url.path)
    if answers is None or response.status_code == httpx2.codes.METHOD_NOT_ALLOWED:
        return
    what = f"{response.request.method} {response.request.url.path}"
    answer = answers.get(str(response.status_code))
    assert answer is not None, f"{what} answered {response.status_code}, not in {[*answers]}"
    answer = resolved(answer)
    kinds = list(answer.get("content", {}))
    kind = response.headers.get("content-type")
    assert [kind] == (kinds or [None]), f"{what} {response.status_code} was {kind}, not {kinds}"
    if "application/problem+json" in kinds and response.read():
        assert response.json()["code"] in answer["content"][kind]["examples"], what
    check_headers(what, answer["headers"], response.headers)


def check_headers(what: str, told: dict[str, Any], sent: httpx2.Headers) -> None:
    """What the document knows of is carried where it says so, and nowhere else."""
    for name, header in document()["components"]["headers"].items():
        assert name in told or name not in sent, f"{what} carried {name}, which is not documented"
        assert name not in told or not header["required"] or name in sent, f"{what}: no {name}"


def operation(method: str, path: str) -> dict[str, Any] | None:
    """The documented answers by status; of two addresses that fit, the one with fewer blanks."""
    method = "get" if method == "HEAD" else method.lower()
    found = [each for pattern, each in addresses() if pattern.fullmatch(path)]
    known = found[0].get(method) if found else None
    answers: dict[str, Any] | None = known and known["responses"]
    return answers


def resolved(told: dict[str, Any]) -> Any:
    """What a reference refers to, or what is told on the spot."""
    if "$ref" not in told:
        return told
    return reduce(getitem, told["$ref"].split("/")[1:], document())


@cache
def addresses() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    paths = sorted(document()["paths"].items(), key=lambda path: path[0].count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), each) for path, each in paths]


@cache
def document() -> dict[str, Any]:
    from app.main import app  # noqa: PLC0415  reads the settings

    return app.openapi()
