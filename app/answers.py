"""What endpoints answer, as the OpenAPI document tells it: each problem's code, and the headers."""

from http import HTTPStatus
from typing import Any

from app.errors import (
    PROBLEM_JSON,
    EmailTaken,
    IdempotencyKeyReused,
    InProgress,
    Invalid,
    InvalidCursor,
    Malformed,
    Problem,
    family,
)
from app.outages import KeysUnavailable, OutcomeUnknown

ONLY_WHERE: dict[type[Problem], str] = {
    EmailTaken: "idempotency-key",
    IdempotencyKeyReused: "idempotency-key",
    InProgress: "idempotency-key",
    InvalidCursor: "cursor",
    KeysUnavailable: "user_id",
    Malformed: "body",
    OutcomeUnknown: "idempotency-key",
}
"""What happens only to requests that take this; every write takes an Idempotency-Key."""

HEADERS = {
    "ETag": ("The version of what is answered, for If-Match and If-None-Match", '"1"'),
    "Idempotent-Replayed": ("`true`: an earlier request with this Idempotency-Key did it", "true"),
    "Link": ("The pages beside this one, where there are any (RFC 8288)", '<…>; rel="next"'),
    "Location": ("The address of what was added", "/api/me/tasks/…"),
    "Retry-After": ("Seconds to wait before the same request is sent again", "2"),
    "WWW-Authenticate": ("How to identify yourself (RFC 6750)", "Bearer"),
    "X-Request-Id": ("This request's name in the logs; your own, if you sent one", "1-67891233-a"),
    "X-Should-Retry": ("Whether the same request may succeed when it is sent again", "false"),
}
ALWAYS = {"ETag", "Location", "WWW-Authenticate", "X-Request-Id", "X-Should-Retry"}
"""An answer that may carry one of these carries it."""


def tell(operation: dict[str, Any], components: dict[str, Any]) -> None:
    """Complete each answer of an operation; those that many give alike are told once, and named."""
    takes = {each["name"] for each in operation.get("parameters", [])}
    takes |= {"body"} if "requestBody" in operation else set()
    for status, answer in operation["responses"].items():
        kinds = problems(int(status), takes)
        if kinds:
            special = {ONLY_WHERE[kind] for kind in kinds if kind in ONLY_WHERE}
            name = "-".join([status, *sorted(special)])
            components["responses"][name] = refusal(kinds)
            operation["responses"][status] = reference("responses", name)
        else:
            answered = fields(answer, components["schemas"])
            answer["headers"] = told(headers(int(status), takes, answered))
    operation["responses"] = dict(sorted(operation["responses"].items()))


def problems(status: int, takes: set[str]) -> list[type[Problem]]:
    fitting = [kind for kind in family() if kind.status == status]
    return [kind for kind in fitting if kind not in ONLY_WHERE or ONLY_WHERE[kind] in takes]


def refusal(kinds: list[type[Problem]]) -> dict[str, Any]:
    examples = {kind.code: reference("examples", kind.code) for kind in kinds}
    content = {"schema": reference("schemas", "Problem"), "examples": examples}
    return {
        "description": "\n".join(f"- `{kind.code}`: {kind.title}" for kind in kinds),
        "headers": told({name for kind in kinds for name in kind.headers}),
        "content": {PROBLEM_JSON: content},
    }


def told(names: set[str]) -> dict[str, Any]:
    """These headers, and the one that every answer has."""
    return {name: reference("headers", name) for name in sorted(names | {"X-Request-Id"})}


def reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def fields(answer: dict[str, Any], schemas: dict[str, Any]) -> set[str]:
    """The members of the object that is answered."""
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    told = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
    return {*told.get("properties", {})}


def headers(status: int, takes: set[str], answered: set[str]) -> set[str]:
    """What an answer that is no problem may carry, besides its request's name."""
    added = status == HTTPStatus.CREATED and "id" in answered
    versioned = added or (status != HTTPStatus.NO_CONTENT and takes & {"if-match", "if-none-match"})
    return {
        name
        for name, carried in {
            "ETag": versioned,
            "Idempotent-Replayed": "idempotency-key" in takes,
            "Link": "next" in answered,
            "Location": added,
        }.items()
        if carried
    }


def components() -> dict[str, Any]:
    """What the answers refer to; `tell` adds the responses."""
    return {
        "responses": {},
        "headers": {
            name: {
                "description": description,
                "required": name in ALWAYS,
                "schema": {"type": "string", "examples": [value]},
            }
            for name, (description, value) in HEADERS.items()
        },
        "examples": {kind.code: instance(kind) for kind in family()},
    }


def instance(kind: type[Problem]) -> dict[str, Any]:
    """A problem of this kind, as an example."""
    told = {
        "type": f"/problems/{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.title,
        "code": kind.code,
        "request_id": HEADERS["X-Request-Id"][1],
    }
    mistake = {"pointer": "/title", "detail": "Field required", "code": "missing"}
    return {
        "summary": kind.title,
        "value": told | ({"errors": [mistake]} if kind is Invalid else {}),
    }
