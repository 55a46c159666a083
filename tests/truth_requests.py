"""The writes that callers send, as plain values: who, what, of which tasks, under what key."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

HTTP = {
    "add": ("POST", "tasks"),
    "add batch": ("POST", "tasks/batch"),
    "change": ("PATCH", "tasks/{id}"),
    "change batch": ("PATCH", "tasks/batch"),
    "complete": ("POST", "tasks/{id}/complete"),
    "reopen": ("POST", "tasks/{id}/reopen"),
    "delete": ("DELETE", "tasks/{id}"),
    "delete batch": ("POST", "tasks/batch-delete"),
    "purge": ("DELETE", "tasks/{id}?permanent=true"),
    "restore": ("POST", "tasks/{id}/restore"),
    "rename": ("PATCH", "http://test/api/me"),
}


UNGUARDED = {"add", "add batch", "delete batch", "rename"}
"""What asks for no version."""

Values = Mapping[str, Any]
NOTHING: Values = MappingProxyType({})


class Item(NamedTuple):
    """One row of a write: which, its new values, and the version that it must have."""

    id: str = ""
    values: Values = NOTHING
    version: int | None = None


class Write(NamedTuple):
    """`what` is a key of HTTP."""

    who: str
    what: str
    items: tuple[Item, ...]
    key: str | None = None

    @property
    def verb(self) -> str:
        return self.what.removesuffix(" batch")

    @property
    def shows_a_task(self) -> bool:
        """Whether success is one task."""
        return self.what in {"add", "change", "complete", "reopen", "restore"}

    @property
    def method(self) -> str:
        return HTTP[self.what][0]

    @property
    def path(self) -> str:
        return HTTP[self.what][1].format(id=self.items[0].id)

    @property
    def body(self) -> Any:
        match self.what:
            case "add batch":
                return {"items": [item.values for item in self.items]}
            case "change batch":
                return {"items": [patch(item) for item in self.items]}
            case "delete batch":
                return {"ids": [item.id for item in self.items]}
        return self.items[0].values or None

    @property
    def headers(self) -> dict[str, str]:
        version = None if "batch" in self.what else self.items[0].version
        guard = {} if version is None else {"If-Match": f'"{version}"'}
        return guard | ({"Idempotency-Key": self.key} if self.key else {})


def patch(item: Item) -> dict[str, Any]:
    guard = {} if item.version is None else {"version": item.version}
    return {"id": item.id, **guard, **item.values}
