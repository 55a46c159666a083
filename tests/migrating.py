"""Databases and revisions of a test's own, and the command that migrates, as people call it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
from psycopg2.extensions import cursor

from dev import ROOT

REVISION = '''"""{words}."""

from alembic import op

revision = "{name}"
down_revision = {before!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute({up!r})


def downgrade() -> None:
    op.execute({down!r})
'''

WITH_REVISIONS = """
import sys
from pathlib import Path
from migrations import plan
plan.VERSIONS[:] = [Path(sys.argv.pop(1))]
from dev.cli import main
main()
"""


@contextmanager
def blank(sql: cursor) -> Iterator[str]:
    """The address of a database with nothing in it."""
    name = f"test_{uuid4().hex}"
    sql.execute(f"CREATE DATABASE {name}")
    try:
        yield os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"
    finally:
        sql.execute(f"DROP DATABASE {name} WITH (FORCE)")


def ask(url: str, question: str) -> list[Any]:
    """The first column of what it answers."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as asking:
        connection.autocommit = True
        asking.execute(question)
        return [row[0] for row in asking.fetchall()] if asking.description else []


def write(folder: Path, *ups: str, down: str = "SELECT 1") -> Path:
    """Revisions 0001, 0002 and so on, each with its statement."""
    folder.mkdir(parents=True, exist_ok=True)
    before = None
    for number, up in enumerate(ups, 1):
        name = f"{number:04}"
        text = REVISION.format(words=f"Step {number}", name=name, before=before, up=up, down=down)
        (folder / f"{name}_step.py").write_text(text)
        before = name
    return folder


def thaw_migrate(
    url: str, *arguments: str, versions: Path = ROOT / "migrations" / "versions"
) -> "subprocess.Popen[str]":
    """`thaw migrate …` in a process of its own."""
    return subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", WITH_REVISIONS, versions, "migrate", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL_UNPOOLED": url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
