"""Copies of a database at Neon: one to go back to, and one to try a migration on."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from dev import Trouble
from dev.branch import previews
from dev.branch.ages import from_now
from dev.local import Urls
from dev.neon.account import project
from dev.neon.addresses import addresses, branch_of
from dev.neon.service import Answer, Refused, Service
from dev.progress import note, step

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


@contextmanager
def rehearsal(host: str) -> Iterator[Urls]:
    """A copy of the database at a host, with all its rows; it stays if what is done there fails."""
    service, origin = found(host)
    name = f"rehearsal/{origin['name']}-{moment()}"
    with step(f"copying {origin['name']} as {name}"):
        row = copy(service, origin, name, TRIAL, {"type": "read_write"})
        urls = addresses(service, row["id"])
    try:
        yield urls
    except Trouble:
        note(f"{name} stays for {TRIAL.days} day, to be looked at; nothing else has changed")
        raise
    with step(f"deleting {name}"):
        previews.delete(service, row)


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
    wish = {"name": name, "parent_id": origin["id"], "expires_at": from_now(life)}
    body = {"branch": wish, "endpoints": list(endpoints)}
    return dict(service.change("POST", "/branches", json=body)["branch"])


def moment() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
