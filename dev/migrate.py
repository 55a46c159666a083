"""`thaw migrate`: brings a database to the revision that the code expects."""

from typing import Annotated

import typer

from dev.local import database
from dev.progress import step


def migrate(
    revision: Annotated[str, typer.Argument(help="A revision, or the newest.")] = "head",
) -> None:
    """Migrate the database of DATABASE_URL, else that of the local Neon."""
    with database():
        upgrade(revision)


def upgrade(revision: str = "head") -> None:
    with step("migrating the database"):
        from migrations import job  # noqa: PLC0415  Alembic takes a second; say what it is for

        job.upgrade(revision)
