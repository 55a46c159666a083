"""Tools for laptops and CI, never deployed: the `thaw` command and all it needs."""

import os
import time
from pathlib import Path

BEGUN = time.monotonic()
"""When this process began, on the clock that measures how long things take."""

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

STATE = Path(os.environ.get("THAW_STATE") or ROOT / ".thaw").absolute()
"""What the tools keep between runs: a database, a key. Deleting it starts anew."""


class Trouble(Exception):  # noqa: N818  it is read by people, as a sentence
    """What went wrong and what to do about it."""
