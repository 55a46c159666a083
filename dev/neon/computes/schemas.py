"""What a branch's database looks like, as SQL, and how two of them differ."""

import difflib
import re

from dev.neon.computes.clients import ask
from dev.neon.computes.compute import Compute
from dev.neon.project.project import Project

KEY = re.compile(r"^\\(un)?restrict .*\n\n?", re.MULTILINE)
"""Lines that pg_dump marks with a random key for psql: they would make equal schemas differ."""


def schema_of(project: Project, branch_id: str, database: str) -> str:
    """Wakes the branch, whether it has an endpoint or not."""
    state = project.state
    name = state.database(state.made(branch_id).id, database).name
    return dump_schema(project.wake(branch_id), name)


def dump_schema(compute: Compute, database: str) -> str:
    """Raises Trouble with what pg_dump said."""
    url, data = compute.admin_url(), compute.data
    return KEY.sub("", ask("pg_dump", url, "--schema-only", owned=data, database=database))


def difference(before: str, after: str, old_name: str, new_name: str) -> str:
    """A unified diff; empty where nothing differs."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return "".join(difflib.unified_diff(old, new, old_name, new_name))
