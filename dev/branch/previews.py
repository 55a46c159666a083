"""A preview branch at Neon: found or made, waited for, connected to, deleted."""

from datetime import timedelta
from typing import NamedTuple

from dev import Trouble
from dev.branch.ages import from_now
from dev.branch.bases import BASE, base_of, lasting, parent_of
from dev.branch.listing import find
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
    made: bool
    """Whether it was made just now, or found."""


def create_or_find(service: Service, wish: Wish) -> Preview:
    """Exactly one branch of that name, whoever else asks for it at the same moment."""
    row = find(service, wish.name)
    made = row is None
    if row is None:
        row, made = create(service, wish, parent_of(service, wish.parent))
    await_ready(service, row)
    if not made:
        same_kind(row, wish)
        same_base(service, row, wish)
        extend(service, row, wish.life)
    return Preview(row["id"], row["name"], made)


def create(service: Service, wish: Wish, parent: Answer) -> tuple[Answer, bool]:
    branch = {"name": wish.name, "parent_id": parent["id"]}
    branch["init_source"] = "parent-data" if wish.with_data else "schema-only"
    branch["expires_at"] = from_now(wish.life)
    body: Answer = {"branch": branch, "endpoints": [{"type": "read_write"}]}
    if wish.with_data:
        lasting(parent, "name another with --from, or leave out --with-data")
    else:
        body["annotation_value"] = {BASE: parent["id"]}
    try:
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


def same_base(service: Service, row: Answer, wish: Wish) -> None:
    if wish.parent is None:
        return
    base = base_of(service, row["id"])["name"]
    if base != wish.parent:
        raise Trouble(
            f"{row['name']} exists and began as {base}: leave out --from, or `thaw branch down` "
            f"it first."
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
