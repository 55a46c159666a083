"""A preview branch at Neon: found or made, waited for, connected to, deleted."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from dev import Trouble
from dev.branch.ages import from_now
from dev.branch.names import PREFIX
from dev.neon.addresses import database
from dev.neon.service import Answer, Refused, Service, Unreachable, wait_until

FULL = {"BRANCHES_LIMIT_EXCEEDED", "ROOT_BRANCHES_LIMIT_EXCEEDED"}


class Wish(NamedTuple):
    """What a branch shall be: without its parent's rows, unless told otherwise."""

    name: str
    parent: str | None
    life: timedelta
    with_data: bool = False


class Preview(NamedTuple):
    id: str
    name: str
    parent_id: str
    made: bool
    """Whether it was made just now, or found."""


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


def parent_of(service: Service, name: str | None) -> Answer:
    """The branch of that name, else the default one."""
    for row in all_branches(service):
        if row["name"] == name or (name is None and row["default"]):
            return row
    raise Trouble(f"The project has no branch {name or 'that is its default'}.")


def create_or_find(service: Service, wish: Wish) -> Preview:
    """Exactly one branch of that name, whoever else asks for it at the same moment."""
    parent = parent_of(service, wish.parent)
    row = find(service, wish.name)
    made = row is None
    if row is None:
        row, made = create(service, wish, parent)
    await_ready(service, row)
    if not made:
        same_kind(row, wish)
        extend(service, row, wish.life)
    return Preview(row["id"], row["name"], parent["id"], made)


def create(service: Service, wish: Wish, parent: Answer) -> tuple[Answer, bool]:
    branch = {"name": wish.name, "parent_id": parent["id"]}
    branch["init_source"] = "parent-data" if wish.with_data else "schema-only"
    branch["expires_at"] = from_now(wish.life)
    try:
        body = {"branch": branch, "endpoints": [{"type": "read_write"}]}
        return dict(service.change("POST", "/branches", json=body)["branch"]), True
    except (Refused, Unreachable) as error:
        if isinstance(error, Refused) and error.code in FULL:
            raise Trouble(f"{error}. `thaw branch prune` makes room.") from None
        row = find(service, wish.name)  # another job's, or ours, whose answer was lost
        if row is None:
            raise
        return row, False


def await_ready(service: Service, row: Answer) -> None:
    """A branch can be seen before it can be used."""
    path = f"/branches/{row['id']}"
    wait_until(
        lambda: service.call("GET", path)["branch"]["current_state"] == "ready",
        f"The branch {row['name']} is not ready",
    )


def same_kind(row: Answer, wish: Wish) -> None:
    with_data = row.get("init_source") != "schema-only"
    if with_data != wish.with_data:
        has, option = ("holds", "with") if with_data else ("does not hold", "without")
        raise Trouble(
            f"{row['name']} exists and {has} its parent's rows: ask for it {option} --with-data, "
            f"or `thaw branch down` it first."
        )


def extend(service: Service, row: Answer, life: timedelta) -> None:
    """Its time begins anew with every use."""
    body = {"branch": {"expires_at": from_now(life)}}
    service.change("PATCH", f"/branches/{row['id']}", json=body)


def delete(service: Service, row: Answer) -> None:
    """Gone already is fine."""
    try:
        service.change("DELETE", f"/branches/{row['id']}")
    except Refused as error:
        if error.status != 404:  # noqa: PLR2004
            raise


def base_of(service: Service, row: Answer) -> Answer:
    """What a branch began as: its parent, or for one without rows the default branch."""
    wanted = row.get("parent_id")
    for other in all_branches(service):
        if other["id"] == wanted or (wanted is None and other["default"]):
            return other
    raise Trouble(f"{row['name']} has no parent any more.")


def difference(service: Service, id: str, base_id: str) -> str:
    """What a branch's schema has and its base's has not, and the other way round; "" is nothing."""
    query = {"base_branch_id": base_id, "db_name": database(service, id)["name"]}
    return str(service.call("GET", f"/branches/{id}/compare_schema", params=query)["diff"])
