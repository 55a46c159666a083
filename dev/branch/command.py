"""`thaw branch`: a database for each branch of the code, in one command, and away in another."""

from typing import Annotated

import typer

from dev import Trouble
from dev.branch import bases, listing, outputs, previews, pruning
from dev.branch.ages import length, life
from dev.branch.differences import markdown
from dev.branch.making import make, remake
from dev.branch.names import branch_name
from dev.branch.options import Base, Database, EnvFile, GithubOutput, Life, Name, Role, Seed, Yes
from dev.branch.previews import Wish
from dev.migrating import confirm
from dev.neon.account import project
from dev.neon.addresses import Which
from dev.neon.service import Answer, Service
from dev.progress import note, step

EXAMPLES = """
Examples:

  thaw branch up feature/login --env-file .env.preview    migrated and ready

  eval "$(thaw branch up feature/login)"    the same, into this shell

  thaw branch diff feature/login --markdown    what it does to the schema

  thaw branch reset feature/login --env-file .env.preview    anew

  thaw branch down feature/login    gone, and fine if it was gone

  thaw branch prune --merged --older-than 14d    what nobody needs any more

They ask the project of NEON_PROJECT_ID with NEON_API_KEY, or the local Neon
of `thaw up`. The branches are called thaw/…, and no other is ever changed.
"""

# Over 150 lines, and functions over 20: six commands, of which the options are the help.
app = typer.Typer(
    no_args_is_help=True, epilog=EXAMPLES, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def branch() -> None:
    """Make a Neon branch for a branch of the code, and take it away again."""


@app.command()
def up(  # noqa: PLR0913  the options are the command's help
    name: Name,
    parent: Base = None,
    ttl: Life = "7d",
    *,
    with_data: Annotated[
        bool,
        typer.Option(
            "--with-data",
            help="Its parent's rows too: customers' data, sessions and keys.",
        ),
    ] = False,
    seed: Seed = False,
    database: Database = None,
    role: Role = None,
    env_file: EnvFile = None,
    github_output: GithubOutput = False,
) -> None:
    """Make a branch or use it again; migrate it; print its addresses.

    They are DATABASE_URL and DATABASE_URL_UNPOOLED. Exit 1 where its tables are
    then not those of this checkout, as after a forced push.
    """
    wish = Wish(branch_name(name), parent, life(ttl), with_data)
    places = outputs.places(env_file, github=github_output)
    preview, urls = make(project(), wish, Which(database, role), demo=seed)
    outputs.give(places, urls, preview)


@app.command()
def down(name: Name) -> None:
    """Delete a branch with all it holds; one that is gone is fine."""
    service, wanted = project(), branch_name(name)
    row = listing.find(service, wanted)
    if row is None:
        note(f"{wanted} is gone already")
        return
    with step(f"deleting {wanted}"):
        previews.delete(service, row)


@app.command("list")
def list_() -> None:
    """The previews: name, state, with rows or without, both dates (UTC)."""
    rows = listing.previews(project())
    if not rows:
        note("there are no previews")
    widest = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        holds = "no rows" if row.get("init_source") == "schema-only" else "with rows"
        made, until = (
            (row.get(when) or "")[:16].replace("T", " ") for when in ("created_at", "expires_at")
        )
        state = row["current_state"]
        print(f"{row['name']:{widest}}  {state:8}  {holds:9}  made {made}  until {until}")


@app.command()
def reset(  # noqa: PLR0913  the same
    name: Name,
    ttl: Life = "7d",
    *,
    seed: Seed = False,
    database: Database = None,
    role: Role = None,
    env_file: EnvFile = None,
    github_output: GithubOutput = False,
    yes: Yes = False,
) -> None:
    """Begin anew from the parent's state; print the addresses as `up` does.

    Without rows the branch is another then, with another address. What it held
    is lost.
    """
    service, wanted, alive = project(), branch_name(name), life(ttl)
    places = outputs.places(env_file, github=github_output)
    row = existing(service, wanted)
    if not yes:
        confirm(f"Drop all that {wanted} holds?")
    preview, urls = remake(service, row, alive, Which(database, role), demo=seed)
    outputs.give(places, urls, preview)


@app.command()
def diff(
    name: Name,
    *,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="As a comment for a pull request.")
    ] = False,
    database: Database = None,
) -> None:
    """How a branch's schema differs from that of its parent."""
    service = project()
    row = existing(service, branch_name(name))
    base = bases.base_of(service, row["id"])
    text = bases.difference(service, row["id"], base["id"], Which(database))
    if not (text or as_markdown):
        note(f"the schema of {row['name']} is that of {base['name']}")
    print(markdown(row["name"], base["name"], text) if as_markdown else text, end="")


@app.command()
def prune(
    *,
    merged: Annotated[
        bool, typer.Option("--merged", help="Those whose git branch is merged or gone.")
    ] = False,
    older_than: Annotated[
        str | None, typer.Option(metavar="LENGTH", help="Those unused for longer, as 14d.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Delete the previews that nobody needs any more, after asking."""
    if not merged and older_than is None:
        raise Trouble("Say which: --merged, --older-than 14d, or both.")
    limit = None if older_than is None else length(older_than)
    service = project()
    rows = listing.previews(service)
    old = pruning.unused(rows, limit) if limit else []
    done = pruning.merged(rows) if merged else []
    due = [row for row in rows if row in old or row in done]
    if not due:
        note("there is nothing to prune")
        return
    for row in due:
        print(row["name"])
    if not yes:
        confirm(f"Delete these {len(due)}?")
    for row in due:
        with step(f"deleting {row['name']}"):
            previews.delete(service, row)


def existing(service: Service, name: str) -> Answer:
    row = listing.find(service, name)
    if row is None:
        raise Trouble(f"There is no {name}: `thaw branch up` makes it.")
    return row
