"""`thaw lint`: what locks tables or breaks running code, and what lets strangers into CI."""

import os
from collections.abc import Callable

import typer

from dev.lint import revisions, workflows
from dev.npm import NodeMissing
from dev.progress import note

LINTERS: dict[str, Callable[[], list[str]]] = {
    "squawk: the SQL of the revisions": revisions.squawk,
    "zizmor: the workflows' security": workflows.zizmor,
    "actionlint: the workflows' syntax": workflows.actionlint,
}


def lint() -> None:
    """Look at the revisions' SQL and at the workflows; exit 1 if one is wrong.

    Justified exceptions stand beside their reason: `-- squawk-ignore RULE` in a
    revision, `# zizmor: ignore[RULE]` in a workflow.
    """
    found = 0
    for name, linter in LINTERS.items():
        try:
            wrong = linter()
        except NodeMissing as missing:
            if os.environ.get("CI"):
                raise
            note(f"{name}: skipped. {missing}")
            continue
        for line in wrong:
            print(line)
        found += len(wrong)
        note(f"{name}: {len(wrong) or 'nothing'} to mend")
    raise typer.Exit(bool(found))
