"""`thaw migrate`: moves a database between revisions, and says how it stands."""

import sys
from contextlib import nullcontext
from typing import Annotated

import typer

from dev import ROOT
from dev.lint.tools import tidy
from dev.migrating import confirm, database, place, say, told, upgrade
from dev.progress import note

EXAMPLES = """
Examples:

  thaw migrate up --dry-run    what would run

  thaw migrate status || thaw migrate up    only where something is missing

  thaw migrate up --snapshot --rehearse    tried on a copy, with a way back

  thaw migrate down 0001 --yes    back to 0001, without what came later

  thaw migrate new "colours of tasks"    an empty revision, and its rules

  thaw migrate sql 0001:head > review.sql    the SQL that would run

The database is that of DATABASE_URL_UNPOOLED, else of DATABASE_URL, whose
pooled address is turned into Neon's direct one; else it is the local Neon.
"""

app = typer.Typer(
    no_args_is_help=True, epilog=EXAMPLES, add_completion=False, pretty_exceptions_enable=False
)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


@app.callback()
def migrate() -> None:
    """Move a database between revisions, each of them done whole or not at all."""


@app.command()
def up(
    revision: Annotated[
        str, typer.Argument(help="A revision, `head` for the newest, or +1 for the next.")
    ] = "head",
    *,
    dry_run: DryRun = False,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="On Neon: keep the present state for a week.")
    ] = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="On Neon: migrate a copy first, and look at it.")
    ] = False,
) -> None:
    """Run the revisions that are missing; of two at once, one runs them."""
    with database() as host:
        if (snapshot or rehearse) and not dry_run and upgrade(revision, dry_run=True).revisions:
            prepare(host, revision, snapshot=snapshot, rehearse=rehearse)
        say(upgrade(revision, dry_run=dry_run), dry_run=dry_run)


def prepare(host: str, revision: str, *, snapshot: bool, rehearse: bool) -> None:
    """What may fail fails here, where it costs nothing."""
    from dev.branch import copies  # noqa: PLC0415  it speaks HTTP

    if rehearse:
        copies.rehearse(host, revision)
    if snapshot:
        copies.snapshot(host)  # last, so that it lacks as little as can be


@app.command()
def down(
    revision: Annotated[
        str, typer.Argument(help="The revision to go back to; `base` is before all.")
    ],
    *,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take revisions back, with their data, which deployed code may need."""
    with database() as host, told():
        from migrations import job  # noqa: PLC0415  Alembic takes a second

        planned = job.downgrade(revision, dry_run=True)
        if planned.revisions and not (dry_run or yes):
            confirm(f"Drop what {', '.join(planned.revisions)} made in {host}?")
        say(planned if dry_run else job.downgrade(revision, tell=note), dry_run=dry_run)


@app.command()
def status() -> None:
    """Where the database is, and what is missing; exit 1 if it is behind."""
    with database() as host, told():
        from migrations import job  # noqa: PLC0415  Alembic takes a second

        planned = job.upgrade(dry_run=True)
        print(f"host     {host}")
        print(f"at       {place(planned)}")
        print(f"missing  {', '.join(planned.revisions) or 'nothing'}")
    raise typer.Exit(bool(planned.revisions))


@app.command()
def check() -> None:
    """Compare the tables there with the code's; exit 1 if they differ.

    It prints what a revision would have to do. Better Auth's tables are its own.
    """
    with database(), told():
        from migrations import revisions  # noqa: PLC0415  Alembic takes a second

        missing = revisions.drift()
    print(missing or "the tables are those of the code")
    raise typer.Exit(bool(missing))


@app.command()
def sql(
    span: Annotated[str, typer.Argument(metavar="[FROM:TO]", help="0001:head")] = "base:head",
) -> None:
    """Print the SQL from one revision up to another; needs no database."""
    with told():
        from migrations import revisions  # noqa: PLC0415  Alembic takes a second

        sys.stdout.write(revisions.sql(span))


@app.command()
def new(
    message: Annotated[str, typer.Argument(help="What it does, in a few words.")],
    *,
    autogenerate: Annotated[
        bool, typer.Option("--autogenerate", help="Write down what `check` finds.")
    ] = False,
) -> None:
    """Write the next revision's file, with the rules that it has to keep."""
    with database() if autogenerate else nullcontext(), told():
        from migrations.revisions import add  # noqa: PLC0415  Alembic takes a second

        path = add(message, autogenerate=autogenerate)
        if autogenerate:
            tidy(path)
    print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
    note(f'Code that needs it says so: REVISION = "{path.name[:4]}" in app/tables.py.')
