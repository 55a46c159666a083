"""Alembic's way in: one revision on the job's connection, or all of them as SQL."""

import time
from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import app.tables
from app.settings import direct
from migrations.connection import SESSION, WAKE, alone

OURS = SQLModel.metadata.tables.keys() - {app.tables.User.__tablename__}


def ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Look at our tables only: without this list, autogenerate would drop Better Auth's."""
    return kind != "table" or name in OURS


def include(_thing: Any, name: str | None, kind: str, *_: Any) -> bool:
    """The same for those of the code."""
    return ours(name, kind, None)


def run() -> None:
    given = context.config.attributes.get("connection")
    if context.is_offline_mode():
        options = {"paramstyle": "named"}  # psycopg2's own style would double each percent sign
        context.configure(
            dialect_name="postgresql", dialect_opts=options, transaction_per_migration=True
        )
        context.run_migrations()
    elif given:
        migrate(given)
    else:  # by alembic's own command
        with alone(direct(), until=time.time() + WAKE) as connection:
            migrate(connection)


def migrate(connection: Connection) -> None:
    with connection.begin():
        connection.exec_driver_sql(SESSION)  # again: what the last revision has set for itself ends
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        include_name=ours,
        include_object=include,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
