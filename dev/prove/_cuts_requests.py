"""Makes a scenario's request, for a user of its own, and all that the request needs."""

import json
from typing import Any, NamedTuple
from uuid import uuid4

from dev import keys
from dev.events import Pairs, Request
from dev.local import ORIGIN
from dev.prove._cuts_scenarios import Scenario
from dev.prove._cuts_stage import Stage
from dev.prove._stage import need
from dev.prove.trips import TASKS, Endpoint, new_tasks

SIZE = 3
"""Tasks of a batch: enough to be done in part, few enough to be cut at each of them."""


class Prepared(NamedTuple):
    user: str
    request: Request
    other: Request
    """What the same caller may ask next, whatever became of it."""


def prepare(stage: Stage, scenario: Scenario) -> Prepared:
    """The connection is warm then, and new to nobody but the request."""
    user, name = str(uuid4()), "Cut"
    email = f"{user}@example.com"
    token = keys.token(user, name=name, email=email, issuer=ORIGIN, audience=ORIGIN)
    ids: list[str] = []
    if scenario.variant.new:
        need("GET", TASKS, token)
    else:
        stage.truth.sign_up(user, name, email)
        ids = tasks(scenario.endpoint, token)
    versions = {row.get("id"): row.get("version", 0) for row in stage.truth.rows(user).values()}
    request = write(scenario, token, ids, versions)
    if scenario.variant.done:
        stage.ask(request)
    return Prepared(user, request, asking(token, "GET", TASKS))


def tasks(endpoint: Endpoint, token: str) -> list[str]:
    """Those that it is about, made and brought to where it begins."""
    made = need("POST", TASKS + "/batch", token, new_tasks(min(endpoint.size, SIZE)))
    ids = [task["id"] for task in made["items"]]
    if endpoint.before:
        method, path = endpoint.before
        need(method, path.format(id=ids[0]), token)
    return ids


def write(scenario: Scenario, token: str, ids: list[str], versions: dict[Any, int]) -> Request:
    endpoint, variant = scenario.endpoint, scenario.variant
    first = ids[0] if ids else ""
    path, body = endpoint.path.format(id=first), few(endpoint.body(ids))
    headers: Pairs = [("Idempotency-Key", str(uuid4()))] if variant.keyed else []
    if variant.ahead is not None and "{id}" in endpoint.path:
        headers.append(("If-Match", f'"{versions[first] + variant.ahead}"'))
    elif variant.ahead is not None:
        for item in body["items"]:
            item["version"] = versions[item["id"]] + variant.ahead
    return asking(token, endpoint.method, path, body, headers)


def few(body: Any) -> Any:
    """The same, with no list longer than a small batch."""
    if isinstance(body, dict):
        return {name: few(value) for name, value in body.items()}
    return body[:SIZE] if isinstance(body, list) else body


def asking(
    token: str, method: str, path: str, body: object = None, headers: Pairs | None = None
) -> Request:
    headers = [("Authorization", f"Bearer {token}"), *(headers or [])]
    if body is None:
        return Request(method, path, headers)
    headers.append(("Content-Type", "application/json"))
    return Request(method, path, headers, json.dumps(body).encode())
