"""What a preview's branch is called: the same for the same name, and safe wherever it is shown."""

import re
from hashlib import sha256

from dev import Trouble

PREFIX = "thaw/"
"""Commands see and touch only branches named so: neither a slip of the keyboard nor a nightly prune
reaches another. Neon's own integration with Vercel takes `preview/`."""

LONGEST = 60
OURS = re.compile(PREFIX + r"[a-z0-9-]*-?[0-9a-f]{8}")


def branch_name(name: str) -> str:
    """A Neon branch's name for that of a git branch, or of anything else.

    `feature/Login` and `feature-login` get two databases: eight digits of the name's hash follow
    what is readable of it. A whole name, as `thaw branch list` shows it, stands for itself.
    """
    if not name.strip():
        raise Trouble("Name the branch, as git does: thaw branch up feature/login")
    if OURS.fullmatch(name):
        return name
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower())[:LONGEST].strip("-")
    digest = sha256(name.encode(errors="surrogateescape")).hexdigest()[:8]
    return PREFIX + f"{plain}-{digest}".lstrip("-")
