"""Which previews nobody needs any more."""

import os
import subprocess
from datetime import timedelta

from dev import ROOT, Trouble
from dev.branch.ages import age
from dev.branch.names import branch_name
from dev.neon.service import Answer
from dev.programs import on_path

GRACE = timedelta(days=1)
"""What was used so lately may be of a branch that is not pushed yet."""


def unused(rows: list[Answer], limit: timedelta) -> list[Answer]:
    """Those that no `up` has made or used for so long."""
    return [row for row in rows if age(max(row["created_at"], row["updated_at"])) > limit]


def merged(rows: list[Answer]) -> list[Answer]:
    """Those whose git branch is gone from `origin`, or holds nothing that its main line lacks.

    `origin` itself is asked: what a clone remembers may be old, or only a part.
    """
    said = git("ls-remote", "--symref", "origin", "HEAD", "refs/heads/*").splitlines()
    tips = [line.split("\t") for line in said if not line.startswith("ref:")]
    heads = {ref: tip for tip, ref in tips}
    main = heads.pop("HEAD", None)
    if main is None:
        raise Trouble("`origin` has no branch that counts as its main line.")
    open_ = {
        branch_name(ref.removeprefix("refs/heads/"))
        for ref, tip in heads.items()
        if not contains(main, tip)
    }
    return [row for row in unused(rows, GRACE) if row["name"] not in open_]


def contains(main: str, tip: str) -> bool:
    """A tip that this clone does not know counts as open."""
    asked = ["git", "merge-base", "--is-ancestor", tip, main]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, check=False).returncode == 0


def git(*arguments: str) -> str:
    """Asks nobody for a password."""
    done = subprocess.run(
        [on_path("git"), *arguments],
        cwd=ROOT,
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Trouble(f"git {arguments[0]} has failed: {done.stderr.strip()}")
    return done.stdout
