"""Schemathesis asks all that the OpenAPI document tells of: no answer is one that it does not."""

import copy
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import cursor

from app.examples import PLAIN
from dev import ROOT
from dev.prove._served import served
from tests.clients import programs
from tests.documented import document
from tests.people import Person, sign_up

pytestmark = pytest.mark.slow

LAST = "delete_everything"
"""After it a user is nobody any more: it is asked by itself."""
BATCHES = ("change_documents", "change_tasks")
"""They need the rows of the examples, which the others delete: they are asked by themselves too."""

ROWS = """
DELETE FROM teams WHERE id = %(live)s;
DELETE FROM "user" WHERE id = 'Zk3vT9qLw1';
INSERT INTO "user" (id, name, email, "emailVerified") VALUES
    ('Zk3vT9qLw1', 'Robin', 'robin@example.com', true);
INSERT INTO teams (id, name) VALUES (%(live)s, 'Gardeners');
INSERT INTO members (team_id, user_id, role) VALUES
    (%(live)s, %(me)s, 'owner'), (%(live)s, 'Zk3vT9qLw1', 'owner');
DELETE FROM tasks WHERE id IN (%(live)s, %(deleted)s);
DELETE FROM documents WHERE id IN (%(live)s, %(deleted)s);
DELETE FROM conversations WHERE id IN (%(live)s, %(deleted)s);
INSERT INTO tasks (id, user_id, title, deleted_at) VALUES
    (%(live)s, %(me)s, 'Water the plants', NULL), (%(deleted)s, %(me)s, 'Rake', now());
INSERT INTO documents (id, user_id, title, deleted_at) VALUES
    (%(live)s, %(me)s, 'Travel notes', NULL), (%(deleted)s, %(me)s, 'Packing', now());
INSERT INTO conversations (id, user_id, title, deleted_at) VALUES
    (%(live)s, %(me)s, 'Holiday plans', NULL), (%(deleted)s, %(me)s, 'Repairs', now());
INSERT INTO messages (id, conversation_id, user_id, role, content) VALUES
    (%(live)s, %(live)s, %(me)s, 'user', 'Where shall we go?');
"""
"""What the document's examples name is there, and is the caller's."""


class Answers(logging.Handler):
    """Which routes answered what, by the app's own lines."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[str, str, int]] = set()

    def emit(self, record: Any) -> None:
        if record.getMessage() == "request":
            self.seen.add((record.method, record.route, record.status))


@pytest.fixture
def answers() -> Iterator[set[tuple[str, str, int]]]:
    log, answers = logging.getLogger("app.logs"), Answers()
    log.addHandler(answers)
    yield answers.seen
    log.removeHandler(answers)


@pytest.fixture
def address() -> Iterator[str]:
    with served() as address:
        yield address


def newcomer(sql: cursor) -> Person:
    """Somebody whose rows are those of the document's examples."""
    person = sign_up(sql, "newcomer")
    live = str(PLAIN["uuid"])
    sql.execute(ROWS, {"me": person.id, "live": live, "deleted": f"{live[:-1]}2"})
    return person


def asked(person: Person, address: str, openapi: Path, *chosen: str) -> str:
    """All that schemathesis finds wrong; nothing if it finds nothing."""
    done = programs.attempt(
        str(programs.python() / "st"),
        *("--config-file", str(programs.HERE / "schemathesis.toml"), "run", str(openapi)),
        *("--url", address, "--header", f"Authorization: Bearer {person.token()}"),
        *("--max-examples", "40", "--continue-on-failure", "--warnings", "off", "--no-color"),
        *chosen,
        cwd=openapi.parent,  # it leaves notes for itself
        PYTHONPATH=str(ROOT),
    )
    lines = [line[:300] for line in (done.stdout + done.stderr).splitlines()]
    return "\n".join(lines) if done.returncode else ""


def only(*names: str) -> list[str]:
    return [part for name in names for part in ("--include-operation-id", name)]


def test_every_operation_answers_only_what_the_document_tells(
    sql: cursor, address: str, tmp_path: Path, answers: set[tuple[str, str, int]]
) -> None:
    openapi = programs.written(tmp_path)
    for chosen in (["--exclude-operation-id", LAST], only(*BATCHES), only(LAST)):
        assert not (wrong := asked(newcomer(sql), address, openapi, *chosen)), wrong
    served = {(method, route) for method, route, status in answers if status < 300}
    paths = document()["paths"]
    told = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert served == told


def test_a_document_that_is_not_true_is_noticed(sql: cursor, address: str, tmp_path: Path) -> None:
    told = copy.deepcopy(document())
    told["components"]["schemas"]["TaskOut"]["properties"]["version"] = {"type": "string"}
    del told["paths"]["/api/{user_id}/tasks/{task_id}"]["get"]["responses"]["404"]
    openapi = tmp_path / "openapi.json"
    openapi.write_text(json.dumps(told))
    wrong = asked(newcomer(sql), address, openapi, *only("get_task"))
    assert "Undocumented status code" in wrong
    assert "Response violates schema" in wrong
