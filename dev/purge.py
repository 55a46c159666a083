"""`thaw purge`: removes for good what was deleted long enough ago."""

from typing import Annotated

import typer

from dev.local import database
from dev.progress import console, note

Days = Annotated[
    int | None,
    typer.Option(
        min=1, max=36_500, metavar="DAYS", help="Since deletion; PURGE_AFTER_DAYS if absent."
    ),
]


def purge(
    *,
    older_than: Days = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count it only.")] = False,
) -> None:
    """Remove for good what was deleted long enough ago, and old keys of writes.

    thaw purge --older-than 7 --dry-run    how much would go
    """
    with database():
        from app.settings import get_settings  # noqa: PLC0415  the environment is complete now

        days = older_than or get_settings().purge_after_days
        told = count(days) if dry_run else delete(days)
    rows = ", ".join(f"{rows:,} of {table}" for table, rows in sorted(told.items()) if rows)
    note(f"{'would remove' if dry_run else 'removed'} {rows or 'nothing'}, {days} days old or more")


def count(days: int) -> dict[str, int]:
    from app.db import OneTrip  # noqa: PLC0415  it reads the settings
    from app.purge.writes import count_due  # noqa: PLC0415

    return count_due(OneTrip(), days)


def delete(days: int) -> dict[str, int]:
    """Chunk by chunk: stopped between two, it has done what it says."""
    from app.purge.purging import purging  # noqa: PLC0415  it reads the settings

    told: dict[str, int] = {}
    with console.status("purging …") as line:
        for told, left in purging(days):
            line.update(f"purging {left[0] if left else ''}: {sum(told.values()):,} rows …")
    return told
