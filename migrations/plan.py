"""Which revisions lie between where a database is and where it should be, up or down."""

import traceback
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from warnings import catch_warnings

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from migrations.failures import MigrationFailed

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
    """The revisions that this checkout knows; raises MigrationFailed where one cannot be read."""
    known = ScriptDirectory.from_config(config())
    try:
        with catch_warnings(action="error", category=UserWarning):  # Alembic's: two of one number
            known.get_current_head()  # reads the files
    except Exception as error:  # noqa: BLE001  they may raise anything
        raise MigrationFailed(f"a revision cannot be read: {mistake(error)}") from None
    return known


def mistake(error: Exception) -> str:
    """What a revision's own code does wrong, and in which line of its file."""
    words = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return f"{Path(error.filename or '').name}, line {error.lineno}: SyntaxError: {error.msg}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).parent in VERSIONS:
            return f"{Path(frame.filename).name}, line {frame.lineno}: {words}"
    return words


def newest() -> str:
    return scripts().get_current_head() or "base"


def up(before: str | None, revision: str) -> list[Step]:
    """None for a database that is ahead of this code, as after a deployment was rolled back."""
    if revision == "head" and ahead(before, newest()):
        return []
    if revision.startswith("+") and before == newest():
        return []
    between = known(before).iterate_revisions(revision, before or "base", implicit_base=True)
    steps = [Step(filled(one, "UP").revision, words(one), one.revision) for one in between]
    return steps[::-1]


def down(before: str | None, revision: str) -> list[Step]:
    between = known(before).iterate_revisions(before or "base", revision)
    return [Step(filled(one, "DOWN").revision, words(one), below(one)) for one in between]


def ahead(now: str | None, wanted: str) -> bool:
    """Whether newer code has migrated a database that is at `now`: revisions are numbers."""
    return now is not None and now.isdigit() and now > wanted


def known(now: str | None) -> ScriptDirectory:
    """The revisions, for a database that is at `now`; raises MigrationFailed where none has it."""
    found = scripts()
    if now and now not in [one.revision for one in found.walk_revisions()]:
        raise MigrationFailed(
            f"the database is at {now}, which this checkout does not know: check out the code that "
            f"has it, or go back from there (`thaw migrate down {newest()}`)"
        )
    return found


def filled(script: Script, name: str) -> Script:
    """It, unless it is as `thaw migrate new` has left it; it may do without UP and DOWN."""
    text = getattr(script.module, name, None)
    if isinstance(text, str) and not text.strip():
        file = Path(script.path).name
        raise MigrationFailed(
            f"revision {script.revision} is empty: write what it does into {name}, in {file}, "
            f"or take {name} out of it"
        )
    return script


def words(script: Any) -> str:
    """Its first sentence, in one line."""
    return " ".join(script.doc.split()).rstrip(".")


def below(script: Any) -> str | None:
    """The revision before this one."""
    revision: str | None = script.down_revision
    return revision


UP = Way(up, command.upgrade)
DOWN = Way(down, command.downgrade)
