"""Bring the schema to a revision: what the command line, a deployment and the tests call."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from psycopg2 import connect
from sqlalchemy import Engine, create_engine, pool

from app.settings import direct


def config() -> Config:
    """Alembic's configuration, without a file: a deployed bundle holds code only."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(revision: str = "head") -> None:
    """Run the revisions that are missing; raises what the database raised, all or none done."""
    command.upgrade(config(), revision)


def current() -> str | None:
    """The revision that the database is at; None before the first."""
    with engine().connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def engine() -> Engine:
    """One connection, past the pooler, for as long as it is needed."""
    creator = lambda: connect(**direct())  # noqa: E731
    return create_engine("postgresql+psycopg2://", creator=creator, poolclass=pool.NullPool)
