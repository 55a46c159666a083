"""What a preview's branch is called: the same for the same name, and safe wherever it is shown."""

import re
from hashlib import sha256

from dev import Trouble

PREFIX = "preview/"
"""Commands see and touch only branches named so: no slip of the keyboard reaches another."""

LONGEST = 60


def branch_name(name: str) -> str:
    """A Neon branch's name for that of a git branch, or of anything else.

    Only `[a-z0-9-]` follows the prefix. What had to be changed is told apart by eight digits of
    its hash: `feature/Login` and `feature-login` get two databases.
    """
    given = name.removeprefix(PREFIX)
    plain = re.sub(r"[^a-z0-9]+", "-", given.lower())[:LONGEST].strip("-")
    if not given.strip():
        raise Trouble("Name the branch, as git does: thaw branch up feature/login")
    if plain == given:
        return PREFIX + plain
    digest = sha256(given.encode()).hexdigest()[:8]
    return PREFIX + f"{plain}-{digest}".lstrip("-")
