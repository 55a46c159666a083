"""Every read of the API, made from its OpenAPI document: a new list or filter is asked at once."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from dev import Trouble

HERE = "/api/{user_id}"
Schema = dict[str, Any]

BY_RELEVANCE = "sort=-relevance"
"""How well a row fits: known of searches only."""

KNOWN = {
    "limit": ["1", "100"],
    "page": ["2", "30"],
    "page_size": ["100"],
    "q": ["plan", "zebra", "plan word7", "garden or zebra", "-plan", "word7 -garden", "the"],
    "tag": ["home", "rare", "none"],
    "due_before": ["2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"],
    "due_after": ["2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"],
    "created_after": ["2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"],
    "updated_after": ["2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"],
    "team_id": ["{team_id}"],
    "after": ["{message_id}"],
    "before": ["{message_id}"],
}
"""Values of parameters that the document names no values of: of many rows, few and none."""

CROSSED = {
    "q=plan": ("sort", "deleted", "include", "team_id"),
    "q=zebra": ("sort", "deleted", "include", "team_id"),
    "deleted=true": ("sort", "include"),
    "team_id={team_id}": ("sort",),
}
"""What is asked for together with all values of these parameters, where a list takes both."""

FOLLOWED = "cursor"
"""No value is known before the list is asked: behind every page the next one is."""

TOGETHER = {
    "/tasks": [
        "status=todo&priority=urgent&tag=rare&sort=due_at",
        "completed=false&due_before=2100-01-01T00:00:00Z&sort=due_at&include=total",
        "team_id={team_id}&status=done&sort=-updated_at",
    ],
    "/documents": ["team_id={team_id}&updated_after=2100-01-01T00:00:00Z"],
    "/conversations/{conversation_id}/messages": [
        "order=desc&after={message_id}",
        "order=desc&before={message_id}",
    ],
}
"""What interfaces ask for at once."""


class Read(NamedTuple):
    path: str
    query: str = ""

    def __str__(self) -> str:
        return f"{self.path or '/'}{'?' if self.query else ''}{self.query}"

    def of(self, ids: dict[str, str]) -> str:
        """The address, of rows that the caller has."""
        query = self.query.format_map(ids)
        return f"/api/me{self.path.format_map(ids)}?{quote(query, safe='=&')}"


def reads(document: Schema) -> list[Read]:
    """All reads under a caller's own address, each parameter alone, and some together."""
    found = [
        Read(path.removeprefix(HERE), query)
        for path, methods in document["paths"].items()
        if path.startswith(HERE) and "get" in methods
        for query in queries(methods["get"].get("parameters", []))
        if BY_RELEVANCE not in query or "q=" in query
    ]
    return found + [Read(path, query) for path, several in TOGETHER.items() for query in several]


def queries(parameters: list[Schema]) -> Iterator[str]:
    """Nothing, each value alone, and some two by two."""
    values = {
        parameter["name"]: [*values_of(parameter)]
        for parameter in parameters
        if parameter["in"] == "query" and parameter["name"] != FOLLOWED
    }
    yield ""
    for name, several in values.items():
        yield from (f"{name}={value}" for value in several)
    for one, others in CROSSED.items():
        if one.partition("=")[0] in values:
            for name in others:
                yield from (f"{one}&{name}={value}" for value in values.get(name, []))


def values_of(parameter: Schema) -> list[str]:
    """Those that the document names, else those that are known here; raises Trouble for none."""
    name, schema = parameter["name"], parameter["schema"]
    for kind in (schema, schema.get("items", {}), *schema.get("anyOf", [])):
        named = kind.get("enum") or [kind["const"]] if "const" in kind or "enum" in kind else []
        if kind.get("type") == "boolean":
            named = ["true", "false"]
        if named:
            return [str(value) for value in named]
    if name not in KNOWN:
        raise Trouble(f"No value is known of the parameter {name}: add some to KNOWN.")
    return KNOWN[name]
