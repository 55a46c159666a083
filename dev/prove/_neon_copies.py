"""Claims about branches: how soon they are there, what they share with their parent, what stays."""

import time

from dev import Trouble
from dev.prove._neon_branch import Branch, make
from dev.prove._neon_claims import WRONG, Claim, enter

READY = 5.0  # seconds

FILL = """
CREATE TABLE filling AS
SELECT n, repeat(md5(n::text), 30) AS words FROM generate_series(1, 100000) n;
SELECT pg_size_pretty(pg_database_size(current_database()))
"""
"""A hundred megabytes."""
COUNT = "SELECT count(*) FROM filling"


class Copy:
    """A child of a branch that holds so much."""

    def __init__(self, parent: Branch) -> None:
        self._parent = parent
        self._child: Branch | None = None
        parent.keep()
        self._size: str = parent.ask(FILL)

    def claims(self) -> list[Claim]:
        return [
            Claim(f"branch of {self._size}, first answer", READY, self._ready),
            Claim("rows of both, the child's changed", "100000, 0", self._change_child),
            Claim("rows of both, the parent's changed", "1, 0", self._change_parent),
        ]

    def deleted(self) -> Claim:
        return Claim("connecting to a deleted branch", WRONG, self._delete)

    def close(self) -> None:
        if self._child:
            self._child.delete()
            self._child = None

    def _ready(self) -> float:
        begun = time.monotonic()
        self._child = make(self._parent.service, self._parent)
        self._child.ask(COUNT)
        return time.monotonic() - begun

    def _change_child(self) -> str:
        return self._counts_after(self._made(), "TRUNCATE filling")

    def _change_parent(self) -> str:
        return self._counts_after(self._parent, "DELETE FROM filling WHERE n > 1")

    def _counts_after(self, changed: Branch, statement: str) -> str:
        changed.ask(f"{statement}; SELECT 1")
        return ", ".join(str(one.ask(COUNT)) for one in (self._parent, self._made()))

    def _delete(self) -> str:
        child = self._made()
        self.close()
        return enter(child)

    def _made(self) -> Branch:
        if self._child is None:
            raise Trouble("there is no child")
        return self._child
