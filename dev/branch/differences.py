"""A schema's difference, as a comment on a pull request shows it."""

import re

LONGEST = 60_000
"""Characters: GitHub refuses a comment of more than 65 536."""


def markdown(name: str, base: str, diff: str) -> str:
    """The text of a schema may hold anything, so it stays inside a fence longer than any of its."""
    if not diff.strip():
        return f"**Schema**: `{name}` is as `{base}` is.\n"
    shown = diff if len(diff) <= LONGEST else diff[:LONGEST] + "\n… cut here\n"
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", shown)), default=0))
    return f"**Schema**: `{name}` against `{base}`\n\n{fence}diff\n{shown.rstrip()}\n{fence}\n"
