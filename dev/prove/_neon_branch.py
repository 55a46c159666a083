"""A branch of a Neon that a proof makes for itself, and how it is connected to."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any, NamedTuple

import psycopg2
from psycopg2.extensions import connection

from dev.neon.addresses import addresses
from dev.neon.service import Service

LIFE = timedelta(hours=1)
"""Neon deletes the branch by then, should we be killed before we do."""


class Branch(NamedTuple):
    service: Service
    id: str
    endpoint: str
    role: str
    pooled: str
    direct: str

    def connect(self, *, pooled: bool = False, **other: str) -> connection:
        made = psycopg2.connect(self.pooled if pooled else self.direct, **other)
        made.autocommit = True
        return made

    def ask(self, question: str, *, pooled: bool = False, **other: str) -> Any:
        """One connection, one statement, one value."""
        with closing(self.connect(pooled=pooled, **other)) as asking:
            return ask(asking, question)

    def suspend(self) -> None:
        self.service.change("POST", f"/endpoints/{self.endpoint}/suspend")

    def keep(self) -> None:
        """Until we delete it ourselves: what expires may not be a parent."""
        self.service.change("PATCH", f"/branches/{self.id}", json={"branch": {"expires_at": None}})

    def delete(self) -> None:
        self.service.change("DELETE", f"/branches/{self.id}")


def ask(connection: connection, question: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question)
        row = cursor.fetchone()
        return row[0] if row else None


@contextmanager
def branch(service: Service) -> Iterator[Branch]:
    """One of our own, from the project's default branch, deleted in the end."""
    made = make(service)
    try:
        yield made
    finally:
        made.delete()


def make(service: Service, parent: Branch | None = None) -> Branch:
    """A child of that branch, or else of the default one, with an endpoint that is awake."""
    expires = (datetime.now(UTC) + LIFE).isoformat(timespec="seconds")
    wish = {"name": f"thaw-prove-{token_hex(4)}", "expires_at": expires}
    if parent:
        wish["parent_id"] = parent.id
    body = {"branch": wish, "endpoints": [{"type": "read_write"}]}
    made = service.change("POST", "/branches", json=body)
    id, endpoint, role = made["branch"]["id"], made["endpoints"][0]["id"], made["roles"][0]["name"]
    return Branch(service, id, endpoint, role, *addresses(service, id))
