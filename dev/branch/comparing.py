"""Whether a database's tables are those of this checkout."""

from dev.migrating import told


def unlike(url: str, revision: str | None) -> str:
    """How the tables at a revision differ from the code's; "" is not at all."""
    with told():
        from migrations.plan import newest  # noqa: PLC0415  Alembic takes a second
        from migrations.revisions import drift  # noqa: PLC0415

        if revision != newest():
            return f"it is at {revision}, and the newest revision of this checkout is {newest()}"
        return drift(url)
