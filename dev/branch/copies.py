"""Copies of a database at Neon: one to go back to, and one to try a migration on."""

from datetime import UTC, datetime, timedelta

from app.settings import direct
from dev import Trouble
from dev.branch import bases, previews
from dev.branch.ages import from_now
from dev.branch.comparing import unlike
from dev.migrating import upgrade
from dev.neon.account import project
from dev.neon.addresses import Which, addresses, branch_of
from dev.neon.service import Answer, Refused, Service
from dev.progress import step

BACKUP, TRIAL = timedelta(days=7), timedelta(days=1)
"""How long they live; a trial that went well is deleted at once."""


def snapshot(host: str) -> None:
    """Keep the present state of the database at a host, as a branch without a compute.

    Going back to it: restore the branch from it, in Neon's console or with neonctl.
    """
    service, origin = found(host)
    name = f"snapshot/{origin['name']}-{moment()}"
    with step(f"keeping {origin['name']} as {name} for {BACKUP.days} days"):
        copy(service, origin, name, BACKUP)


def rehearse(host: str, revision: str) -> None:
    """Migrate a copy of the database at a host, with all its rows, and hold it against the code.

    Raises Trouble where that fails; then the copy stays for a day.
    """
    service, origin = found(host)
    name = f"rehearsal/{origin['name']}-{moment()}"
    with step(f"copying {origin['name']} as {name}"):
        row = copy(service, origin, name, TRIAL, {"type": "read_write"})
    try:
        attempt(addresses(service, row["id"], meant()).direct, revision)
    except KeyboardInterrupt:
        previews.delete(service, row)
        raise
    except Trouble as trouble:
        raise Trouble(
            f"{trouble}\nThat was {name}, which stays for a day. No other has changed."
        ) from None
    with step(f"deleting {name}"):
        previews.delete(service, row)


def meant() -> Which:
    """The database and the role that the migration itself will take."""
    said = direct()
    return Which(said["dbname"], said.get("user"))


def attempt(url: str, revision: str) -> None:
    after = upgrade(revision, url=url).after
    missing = unlike(url, after) if revision == "head" else ""
    if missing:
        raise Trouble(f"After it, the tables are not those of the code:\n{missing}")


def found(host: str) -> tuple[Service, Answer]:
    """The project that holds a database, and its branch."""
    service = project()
    try:
        return service, branch_of(service, host)
    except Refused as error:
        raise Trouble(f"The database at {host} is not one of the project's: {error}") from None


def copy(
    service: Service, origin: Answer, name: str, life: timedelta, *endpoints: Answer
) -> Answer:
    bases.lasting(origin, "leave out --snapshot and --rehearse")
    wish = {"name": name, "parent_id": origin["id"], "expires_at": from_now(life)}
    body = {"branch": wish, "endpoints": list(endpoints)}
    try:
        return dict(service.change("POST", "/branches", json=body)["branch"])
    except Refused as error:
        if error.code in previews.FULL:
            raise Trouble(
                f"{error}. Delete snapshots and rehearsals that are not needed."
            ) from None
        raise


def moment() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
