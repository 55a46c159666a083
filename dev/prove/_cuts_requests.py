"""Makes a scenario's request, for a user of its own, and all that the request needs."""

import json
from typing import Any, NamedTuple

from dev import keys
from dev.events import Pairs, Request
from dev.local import ORIGIN
from dev.prove._cuts_names import Ids, filled
from dev.prove._cuts_scenarios import Scenario
from dev.prove._cuts_scene import ROWS, new_ids, people
from dev.prove._cuts_stage import Stage
from dev.prove._cuts_truth import Row
from dev.prove._stage import need

ME, ANYTHING = "/api/me", "/api/me/tasks"


class Prepared(NamedTuple):
    ids: Ids
    request: Request
    other: Request
    """What the same caller may ask next, whatever became of it."""


def prepare(stage: Stage, scenario: Scenario) -> Prepared:
    """The connection is warm then, and new to nobody but the request."""
    ids = new_ids()
    user = ids["user"]
    email = f"{user}@example.com"
    token = keys.token(user, name="Cut", email=email, issuer=ORIGIN, audience=ORIGIN)
    if not scenario.variant.new:
        stage.truth.make(ROWS + scenario.endpoint.given, ids)
    need("GET", ANYTHING, token)
    request = asking(stage, scenario, ids, token)
    if scenario.variant.done:
        stage.ask(request)
    return Prepared(ids, request, Request("GET", ANYTHING, bearing(token)))


def asking(stage: Stage, scenario: Scenario, ids: Ids, token: str) -> Request:
    _, endpoint, variant = scenario
    headers, body = bearing(token), json.loads(filled(json.dumps(endpoint.body), ids))
    if variant.keyed:
        headers.append(("Idempotency-Key", ids["key"]))
    if variant.ahead is not None:
        rows = stage.truth.rows(people(ids)).values()
        versions = {row["id"]: row["version"] for row in rows if "version" in row}
        demand(versions, variant.ahead, ids.get(endpoint.match), headers, body)
    if body is not None:
        headers.append(("Content-Type", "application/json"))
    sent = json.dumps(body).encode() if body is not None else b""
    return Request(endpoint.method, ME + filled(endpoint.path, ids), headers, sent)


def demand(versions: Row, ahead: int, one: str | None, headers: Pairs, body: Any) -> None:
    """Demand a version of the one row, or of each item: a batch fails with its last alone."""
    if one:
        headers.append(("If-Match", f'"{versions[one] + ahead}"'))
        return
    for item in body["items"]:
        item["version"] = versions[item["id"]]
    body["items"][-1]["version"] += ahead


def bearing(token: str) -> Pairs:
    return [("Authorization", f"Bearer {token}")]
