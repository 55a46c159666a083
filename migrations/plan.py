"""Which revisions lie between where a database is and where it should be, up or down."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

HOME = Path(__file__).parent
VERSIONS = [HOME / "versions"]
"""Where the revisions are."""


class Step(NamedTuple):
    """One revision to run or to take back; after it, the database is at `target`."""

    revision: str
    words: str
    target: str | None


class Way(NamedTuple):
    """Up or down: which steps lead from one revision to another, and how one is done."""

    steps: Callable[[str | None, str], list[Step]]
    move: Callable[[Config, str], None]


def config(**attributes: Any) -> Config:
    """Alembic's configuration, without a file: a deployed bundle holds code only."""
    config = Config(attributes=attributes, cmd_opts=Namespace(quiet=True))
    versions = "\n".join(map(str, VERSIONS))
    options = {"script_location": str(HOME), "version_locations": versions}
    for name, value in options.items():
        config.set_main_option(name, value.replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())


def up(before: str | None, revision: str) -> list[Step]:
    """None for a database that is ahead of this code, as after a deployment was rolled back.

    Revisions sort by their names.
    """
    known = scripts()
    if revision == "head" and (before or "") > (known.get_current_head() or ""):
        return []
    between = known.iterate_revisions(revision, before or "base", implicit_base=True)
    return [Step(one.revision, words(one), one.revision) for one in reversed(list(between))]


def down(before: str | None, revision: str) -> list[Step]:
    between = scripts().iterate_revisions(before or "base", revision)
    return [Step(one.revision, words(one), below(one)) for one in between]


def words(script: Any) -> str:
    """Its first sentence, in one line."""
    return " ".join(script.doc.split()).rstrip(".")


def below(script: Any) -> str | None:
    """The revision before this one."""
    revision: str | None = script.down_revision
    return revision


UP = Way(up, command.upgrade)
DOWN = Way(down, command.downgrade)
