"""Each function is one statement."""

from sqlalchemy import column, select, table

from app.db import OneTrip


def get_revision(db: OneTrip) -> str | None:
    """The revision that the database is at; None before the first."""
    versions = table("alembic_version", column("version_num"))
    rows = db.scalars(select(versions.c.version_num))
    return rows[0] if rows else None
