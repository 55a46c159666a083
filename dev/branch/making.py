"""A preview's database, from its wish to its first answer, told phase by phase."""

from contextlib import closing

import psycopg2

from dev import Trouble
from dev.branch import previews
from dev.branch.ages import age
from dev.branch.outputs import mask
from dev.branch.previews import Preview, Wish
from dev.local import Urls
from dev.migrating import told, upgrade
from dev.neon.addresses import addresses
from dev.neon.service import Answer, Service
from dev.progress import note, step


def make(service: Service, wish: Wish, *, demo: bool = False) -> tuple[Preview, Urls]:
    """A branch that answers, at the revision of this checkout."""
    with step(f"asking Neon for {wish.name}"):
        preview = previews.create_or_find(service, wish)
    note("it is new" if preview.made else "it was there already")
    return preview, fill(service, preview.id, preview.parent_id, demo=demo)


def fill(service: Service, id: str, parent_id: str, *, demo: bool) -> Urls:
    with told():
        with step("reaching its database"):
            urls = addresses(service, id)
            mask(urls)
            carry_revision(service, id, parent_id, urls.direct)
        try:
            upgrade(url=urls.direct)
        except Trouble as trouble:
            raise Trouble(f"{trouble}\nThe branch stays as it is, to be looked at.") from None
        if demo:
            from dev.seed import insert  # noqa: PLC0415  SQLModel takes a second

            with step("adding the demo"):
                insert(urls.direct)
    return urls


def carry_revision(service: Service, id: str, parent_id: str, url: str) -> None:
    """Write down what a copy without rows has lost: which revision its tables are at.

    One job at a time, and only while the tables are the parent's.
    """
    from migrations import job  # noqa: PLC0415  Alembic takes a second

    if job.current(url) is not None:
        return
    revision = job.current(addresses(service, parent_id).direct)
    if revision is None:
        return
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE alembic_version IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("SELECT FROM alembic_version")
        if cursor.rowcount:
            return
        if previews.difference(service, id, parent_id):
            raise Trouble("It is not as its parent is any more: `thaw branch down` it first.")
        cursor.execute("INSERT INTO alembic_version (version_num) VALUES (%s)", [revision])


def remake(service: Service, row: Answer) -> None:
    """Its address stays, except without rows: Neon has no way back for such a branch."""
    parent = previews.base_of(service, row)
    with step(f"resetting {row['name']}"):
        if row.get("parent_id"):
            body = {"source_branch_id": parent["id"]}
            service.change("POST", f"/branches/{row['id']}/restore", json=body)
            id = row["id"]
        else:
            previews.delete(service, row)
            id = previews.create_or_find(service, again(row, parent)).id
    fill(service, id, parent["id"], demo=False)


def again(row: Answer, parent: Answer) -> Wish:
    """A branch without rows, with as much time as this one has left."""
    return Wish(row["name"], parent["name"], -age(row["expires_at"]), with_data=False)
