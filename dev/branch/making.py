"""A preview's database, from its wish to its first answer, told phase by phase."""

from contextlib import closing
from datetime import timedelta

import psycopg2

from dev import Trouble
from dev.branch import bases, previews
from dev.branch.comparing import unlike
from dev.branch.outputs import mask
from dev.branch.previews import Preview, Wish
from dev.local import Urls
from dev.migrating import told, upgrade
from dev.neon.addresses import Which, addresses
from dev.neon.service import Answer, Service
from dev.progress import note, step


def make(service: Service, wish: Wish, which: Which, *, demo: bool) -> tuple[Preview, Urls]:
    """A branch that answers, and has the tables of this checkout."""
    with step(f"asking Neon for {wish.name}"):
        preview = previews.create_or_find(service, wish)
    note("it is new" if preview.made else "it was there already")
    return preview, fill(service, preview, which, fresh=preview.made, demo=demo)


def remake(
    service: Service, row: Answer, life: timedelta, which: Which, *, demo: bool
) -> tuple[Preview, Urls]:
    """The same, beginning anew."""
    with step(f"resetting {row['name']}"):
        preview = again(service, row, life)
    if preview.made:
        note("its address is another now")
    return preview, fill(service, preview, which, fresh=True, demo=demo)


def again(service: Service, row: Answer, life: timedelta) -> Preview:
    """Its address stays, except without rows: Neon has no way back for such a branch."""
    base = bases.base_of(service, row["id"])
    if not row.get("parent_id"):
        return replace(service, row, Wish(row["name"], base["name"], life))
    body = {"source_branch_id": base["id"]}
    service.change("POST", f"/branches/{row['id']}/restore", json=body)
    previews.extend(service, row, life)
    return Preview(row["id"], row["name"], made=False)


def replace(service: Service, row: Answer, wish: Wish) -> Preview:
    """The old one goes first: a project has room for few."""
    previews.delete(service, row)
    try:
        return previews.create_or_find(service, wish)
    except Trouble as trouble:
        raise Trouble(
            f"{trouble}\nIt is deleted, and not made anew: `thaw branch up {wish.name} --from "
            f"{wish.parent}` does that."
        ) from None


def fill(service: Service, preview: Preview, which: Which, *, fresh: bool, demo: bool) -> Urls:
    with told():
        urls = addresses(service, preview.id, which)
        mask(urls)  # with no spinner beside it: GitHub reads a command at the beginning of a line
        with step("reaching its database"):
            carry_revision(service, preview.id, which, urls.direct)
        migrate(preview.name, urls.direct, fresh=fresh)
        if demo:
            from dev.seed import insert  # noqa: PLC0415  SQLModel takes a second

            with step("adding the demo"):
                insert(urls.direct)
    return urls


def carry_revision(service: Service, id: str, which: Which, url: str) -> None:
    """Write down what a copy without rows has lost: which revision its tables are at.

    One job at a time, and only while the tables are those that it began with.
    """
    from migrations import job  # noqa: PLC0415  Alembic takes a second

    if job.current(url) is not None:
        return
    base = bases.base_of(service, id)
    revision = job.current(addresses(service, base["id"], which).direct)
    if revision is None:
        return
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE alembic_version IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("SELECT FROM alembic_version")
        if cursor.rowcount:
            return
        if bases.difference(service, id, base["id"], which):
            raise Trouble(f"It is not as {base['name']} is any more: `thaw branch reset` it.")
        cursor.execute("INSERT INTO alembic_version (version_num) VALUES (%s)", [revision])


def migrate(name: str, url: str, *, fresh: bool) -> None:
    """Raises Trouble where the tables are not the code's then: a push may take revisions back."""
    try:
        after = upgrade(url=url).after
    except Trouble as trouble:
        raise Trouble(f"{trouble}\nThe branch stays as it is, to be looked at.") from None
    with step("comparing its tables with the code's"):
        found = unlike(url, after)
    if found:
        why = (
            "It began so, or the revisions do less than the tables of the code say."
            if fresh
            else "Where a revision was taken back or changed, this begins anew, without rows at "
            f"another address, so that what uses it is deployed again: `thaw branch reset {name}`."
        )
        raise Trouble(f"{name} is migrated, and not as the code is:\n{found}\n{why}")
