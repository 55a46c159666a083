"""The branches of a project, as Neon lists them, and those of them that are previews."""

from collections.abc import Iterator

from dev.branch.names import PREFIX
from dev.neon.service import Answer, Service


def all_branches(service: Service, **query: str) -> Iterator[Answer]:
    while True:
        page = service.call("GET", "/branches", params=query)
        yield from page["branches"]
        if not page["branches"] or not page.get("pagination", {}).get("next"):
            return
        query["cursor"] = page["pagination"]["next"]


def previews(service: Service) -> list[Answer]:
    return [row for row in all_branches(service) if row["name"].startswith(PREFIX)]


def find(service: Service, name: str) -> Answer | None:
    """Neon's search finds parts of names, too."""
    return next((row for row in all_branches(service, search=name) if row["name"] == name), None)
