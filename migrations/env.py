"""Alembic's way in: run the revisions on the direct connection, in one transaction.

Two deployments may start at once: the lock lets one migrate and the other find nothing to do. A
revision that cannot get its table lock gives up soon, rather than queue the app's statements
behind it.
"""

from typing import Any

from alembic import context
from sqlalchemy import text
from sqlmodel import SQLModel

import app.tables
from migrations.job import engine

OURS = SQLModel.metadata.tables.keys() - {app.tables.User.__tablename__}


def include(_thing: Any, name: str | None, kind: str, *_: Any) -> bool:
    """Compare our tables only: without this list, autogenerate would drop Better Auth's."""
    return kind != "table" or name in OURS


def run() -> None:
    with engine().connect() as connection:
        context.configure(
            connection=connection, target_metadata=SQLModel.metadata, include_object=include
        )
        with context.begin_transaction():
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('thaw migrations'))"))
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            context.run_migrations()


run()
