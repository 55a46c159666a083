"""Holds answers against the OpenAPI document: none may be given that it does not tell of."""

import re
from functools import cache
from typing import Any

import httpx2


def check(response: httpx2.Response) -> None:
    """Assert that status and content type are documented for the route that answered.

    An address that the document does not know is not looked at, nor a method, nor a preflight.
    """
    answers = operation(response.request.method, response.request.url.path)
    if answers is None or response.status_code == httpx2.codes.METHOD_NOT_ALLOWED:
        return
    what = f"{response.request.method} {response.request.url.path}"
    answer = answers.get(str(response.status_code))
    assert answer is not None, f"{what} answered {response.status_code}, not in {[*answers]}"
    kinds = list(answer.get("content", {}))
    kind = response.headers.get("content-type")
    assert [kind] == (kinds or [None]), f"{what} {response.status_code} was {kind}, not {kinds}"


def operation(method: str, path: str) -> dict[str, Any] | None:
    """The documented answers by status; of two addresses that fit, the one with fewer blanks."""
    method = "get" if method == "HEAD" else method.lower()
    found = [each for pattern, each in addresses() if pattern.fullmatch(path)]
    known = found[0].get(method) if found else None
    answers: dict[str, Any] | None = known and known["responses"]
    return answers


@cache
def addresses() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    from app.main import app  # noqa: PLC0415  reads the settings

    paths = sorted(app.openapi()["paths"].items(), key=lambda path: path[0].count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), each) for path, each in paths]
