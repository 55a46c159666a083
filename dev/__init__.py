"""Tools for laptops and CI, never deployed: the `thaw` command and all it needs."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

STATE = ROOT / ".thaw"
"""What the tools keep between runs: a database, a key. Deleting it starts anew."""


class Trouble(Exception):  # noqa: N818  it is read by people, as a sentence
    """What went wrong and what to do about it."""
