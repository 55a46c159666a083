"""What a branch begins as: another one, with its rows or only its schema."""

from dev import Trouble
from dev.branch.listing import all_branches
from dev.neon.addresses import Which, database
from dev.neon.service import Answer, Service

BASE = "thaw-base"
"""The annotation that says whose schema a branch without rows began with: Neon gives it no parent,
and takes an annotation when a branch is made, never later."""


def parent_of(service: Service, name: str | None) -> Answer:
    """The branch of that name, else the default one."""
    for row in all_branches(service):
        if row["name"] == name or (name is None and row["default"]):
            return row
    wanted = "that is its default" if name is None else f"named {name!r}"
    raise Trouble(f"The project has no branch {wanted}.")


def lasting(row: Answer, otherwise: str) -> None:
    """Raise Trouble for a branch that Neon copies no rows from."""
    if row.get("expires_at"):
        raise Trouble(
            f"{row['name']} expires on {row['expires_at'][:10]}, and of such a branch Neon makes "
            f"no copy with rows: {otherwise}."
        )


def base_of(service: Service, id: str) -> Answer:
    """What a branch began as; the default branch where nothing says it."""
    known = service.call("GET", f"/branches/{id}")
    noted = known.get("annotation", {}).get("value", {}).get(BASE)
    wanted = known["branch"].get("parent_id") or noted
    for other in all_branches(service):
        if other["id"] == wanted or (wanted is None and other["default"]):
            return other
    raise Trouble(
        f"What {known['branch']['name']} began as is gone: `thaw branch down` it, and make another."
    )


def difference(service: Service, id: str, base_id: str, which: Which) -> str:
    """What a branch's schema has and its base's has not, and the other way round; "" is nothing."""
    query = {"base_branch_id": base_id, "db_name": database(service, id, which.database)["name"]}
    return str(service.call("GET", f"/branches/{id}/compare_schema", params=query)["diff"])
