"""Tasks through HTTP, as their owner, a teammate and an outsider see them."""

from uuid import uuid4

import pytest


def test_a_task_reads_back_as_it_was_added(owner):
    added = owner.post(
        "tasks", json={"title": "Write", "tags": ["a"], "due_at": "2030-01-01T00:00:00+02:00"}
    )
    assert added.status_code == 201, added.text
    assert added.headers["etag"] == '"1"'
    assert added.json()["due_at"] == "2029-12-31T22:00:00Z"
    assert owner.get(added.headers["location"]).json() == added.json()
