"""Who calls: a user and their HTTP client in one."""

from typing import Any
from uuid import uuid4

from fastapi.testclient import TestClient
from psycopg2.extensions import cursor

from dev import keys
from dev.local import ORIGIN
from tests.documented import check


class Person(TestClient):
    """`owner.get("tasks")` asks for the owner's tasks, with the owner's token."""

    def __init__(self, name: str) -> None:
        from app.main import app  # noqa: PLC0415  it reads the settings, which conftest makes

        self.id = f"{name}-{uuid4().hex}"
        self.name, self.email = name, f"{self.id}@example.com"
        headers = {"Authorization": f"Bearer {self.token()}"}
        super().__init__(app, base_url="http://test/api/me/", headers=headers)
        self.event_hooks = {"response": [check]}

    def token(self, **changes: Any) -> str:
        claims = {"name": self.name, "email": self.email, "issuer": ORIGIN, "audience": ORIGIN}
        return keys.token(self.id, **{**claims, **changes})

    def add(self, title: str = "Write", **fields: Any) -> dict[str, Any]:
        """A new task, as the API returns it."""
        added = self.post("tasks", json={"title": title, **fields})
        assert added.status_code == 201, added.text
        task: dict[str, Any] = added.json()
        return task

    def titles(self, query: str = "") -> list[str]:
        """The titles of the listed tasks, in their order."""
        listed = self.get(f"tasks?{query}")
        assert listed.status_code == 200, listed.text
        return [task["title"] for task in listed.json()["items"]]


def sign_up(sql: cursor, name: str) -> Person:
    """Someone whom Better Auth knows."""
    person = Person(name)
    sql.execute(
        'INSERT INTO "user" (id, name, email, "emailVerified") VALUES (%s, %s, %s, true)',
        (person.id, person.name, person.email),
    )
    return person
