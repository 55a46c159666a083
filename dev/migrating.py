"""What commands need to migrate: a database, the job with its progress, and words for its end."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import typer

from dev import Trouble, local
from dev.progress import note, step

if TYPE_CHECKING:
    from migrations.running import Migrated


def upgrade(revision: str = "head", *, url: str | None = None, dry_run: bool = False) -> "Migrated":
    with step("looking at its revision" if dry_run else "migrating the database"), told():
        from migrations import job  # noqa: PLC0415  Alembic takes a second; say what it is for

        return job.upgrade(
            revision, url=url, dry_run=dry_run, tell=lambda words: note(f"  {words}")
        )


@contextmanager
def database() -> Iterator[str]:
    """The host whose database is meant; the local Neon runs meanwhile if it is that."""
    with ExitStack() as stack:
        if not local.named():
            stack.enter_context(local.database())
        from app.settings import direct  # noqa: PLC0415  the environment is complete now

        yield direct()["host"]


@contextmanager
def told() -> Iterator[None]:
    """A failure is a sentence."""
    from psycopg2 import Error  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415  this and Alembic take a second

    from migrations.failures import MigrationFailed, summary  # noqa: PLC0415

    try:
        yield
    except MigrationFailed as failed:
        raise Trouble(str(failed)) from None
    except DBAPIError as error:
        raise Trouble(summary(error)) from None
    except Error as error:
        raise Trouble(str(error).strip().split("\n", 1)[0]) from None


def confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise Trouble(f"{question} Nobody is here to be asked: --yes says so.")
    typer.confirm(question, abort=True)


def say(done: "Migrated", *, dry_run: bool) -> None:
    """One line for people and scripts."""
    way = f"{done.before or 'base'} -> {done.after or 'base'}"
    revisions = ", ".join(done.revisions)
    if not revisions:
        print(f"{done.after or 'base'}: nothing to do")
    elif dry_run:
        print(f"{way}: would run {revisions}")
    else:
        print(f"{way}: {revisions} in {done.seconds:.1f} s")


def place(planned: "Migrated") -> str:
    """The revision that a database is at."""
    from migrations import plan  # noqa: PLC0415  Alembic takes a second

    if plan.ahead(planned.before, plan.newest()):
        return f"{planned.before}, ahead of this checkout, whose newest is {plan.newest()}"
    return planned.before or "base, before the first revision"
