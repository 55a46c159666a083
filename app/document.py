"""Completes the OpenAPI document with what FastAPI cannot know: problems, headers, examples."""

import sys
from typing import Any, get_args

from pydantic import BaseModel, Field

from app import answers
from app.examples import example
from app.tables import MessageRole, Priority, Status, TeamRole

ABOUT = """Tasks, conversations, documents and teams.

What is yours is below `/api/me`. Lists come in pages: the `next` of one is the `cursor` of the
following. A change with `If-Match` happens only to the version that you have seen, and a write with
an `Idempotency-Key` happens once, however often it is sent. A refusal is `application/problem+json`
with a `code` that stays; its `type` is the address of a page about it. Times have a zone, and lie
between 0001-01-02 and 9999-12-30, so that every zone can show them.
"""

KINDS = {"Status": Status, "Priority": Priority, "MessageRole": MessageRole, "TeamRole": TeamRole}
NAMES = {get_args(kind): name for name, kind in KINDS.items()}
"""Words that are listed once, by name: else clients get a type for each place that lists them."""


class Mistake(BaseModel):
    pointer: str = Field(description="JSON Pointer into the body; /query/… for a parameter")
    detail: str
    code: str


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(description="The address of a page: what it means and what to do")
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable, for programs to tell problems apart")
    request_id: str
    errors: list[Mistake] = Field(default=[], description="Where the mistakes are, if `invalid`")


def complete(document: dict[str, Any]) -> None:
    components = document["components"]
    components |= answers.components()
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= {**problem.pop("$defs"), "Problem": problem}
    operations = [each for path in document["paths"].values() for each in path.values()]
    for operation in operations:
        operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
        for parameter in operation.get("parameters", []):
            simplify(parameter)
        answers.tell(operation, components)
        illustrate(operation, components["schemas"])
    listed = {name: {"type": "string", "enum": [*words]} for words, name in NAMES.items()}
    components["schemas"] = by_name(components["schemas"]) | listed
    for schema in components["schemas"].values():
        defaults_in_words(schema)
    document["info"]["description"] = ABOUT
    document["tags"] = tags(operations)


def simplify(parameter: dict[str, Any]) -> None:
    """One that is not given is absent: null cannot be sent. Generators list even a single word."""
    schema = parameter["schema"]
    if {"type": "null"} in schema.get("anyOf", []):
        schema |= schema.pop("anyOf")[0]
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]


def illustrate(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Give an example of the address, the body and each answer."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            parameter["example"] = example(parameter["schema"], schemas)
    for message in (operation.get("requestBody", {}), *operation["responses"].values()):
        for content in message.get("content", {}).values():
            content["example"] = example(content["schema"], schemas)


def by_name(node: Any) -> Any:
    """The same with a reference wherever words of NAMES are listed."""
    if isinstance(node, list):
        return [by_name(each) for each in node]
    if not isinstance(node, dict):
        return node
    listed = node.get("enum")
    name = NAMES.get(tuple(listed)) if isinstance(listed, list) else None
    if name is None:
        return {key: by_name(value) for key, value in node.items()}
    rest = {key: node[key] for key in ("default", "description") if key in node}
    return {"$ref": f"#/components/schemas/{name}", **rest}


def defaults_in_words(schema: dict[str, Any]) -> None:
    """What a field is that was not sent: of a `default`, generators make one that must be sent."""
    for name, field in schema.get("properties", {}).items():
        default = field.pop("default", None)
        if default and name not in schema.get("required", []):
            words = f"`{default}` if it is not given"
            field["description"] = (
                f"{field['description']}; {words}" if "description" in field else words
            )


def tags(operations: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The domains, each as its package describes it."""
    names = dict.fromkeys(operation["tags"][0] for operation in operations)
    return [
        {"name": name, "description": (sys.modules[f"app.{name}"].__doc__ or "").strip()}
        for name in names
    ]
