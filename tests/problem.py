"""What every refusal looks like, whoever refuses and whatever was asked."""

from typing import Any

import httpx2

MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}


def refused(response: httpx2.Response, *statuses: int) -> dict[str, Any]:
    """Assert that this is a whole problem document with one of these statuses, and return it."""
    assert response.status_code in statuses, f"{response.status_code}: {response.text[:300]}"
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem.keys() - {"errors"} == MEMBERS
    assert problem["status"] == response.status_code
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["request_id"] == response.headers["x-request-id"]
    verdict = "false" if response.status_code in {409, 412, 422} else None
    verdict = "true" if problem["code"] == "in_progress" else verdict
    assert response.headers.get("x-should-retry") == verdict
    return problem
