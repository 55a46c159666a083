"""Squawk reads what each revision sends: what locks a live table, or breaks the code that runs."""

import json

from dev import Trouble
from dev.lint.tools import run
from dev.migrating import told

POSTGRES = "16.0"
"""The oldest that is supported: newer ones lock less."""

NOT_ASKED = {
    "prefer-robust-stmts": "a revision is one transaction: what fails leaves nothing to stumble on",
    "prefer-bigint-over-int": "versions and counts do not reach two thousand million",
    "prefer-text-field": "only alembic_version has a varchar, and Alembic makes it",
}
"""Rules, and why they are not ours."""


def squawk() -> list[str]:
    """What is wrong with the revisions: a line for each, with the rule and the statement."""
    from migrations import plan, revisions  # noqa: PLC0415  Alembic takes a second

    found, before = list[str](), "base"
    with told():
        for step in plan.up(None, "head"):
            sql = revisions.sql(f"{before}:{step.revision}")
            found += [f"revision {step.revision}: {line}" for line in read(sql)]
            before = step.revision
    return found


def read(sql: str) -> list[str]:
    options = ["--reporter=json", f"--pg-version={POSTGRES}", f"--exclude={','.join(NOT_ASKED)}"]
    done = run("squawk", *options, text=sql)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise Trouble(f"squawk has failed: {done.stderr or done.stdout}") from None
    lines = sql.splitlines()
    return [f"{lines[one['line']]}\n    {one['rule_name']}: {one['message']}" for one in found]
