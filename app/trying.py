"""Trying again, for as long as that may mend something and there is time."""

import time
from collections import Counter
from secrets import SystemRandom

from sqlalchemy.exc import DBAPIError

from app import waiting
from app.causes import Cause, cause

SHORTEST, LONGEST = 0.02, 0.5
"""Seconds that a pause may last at most, at first and in the end."""

chance = SystemRandom()
"""Sandboxes restored from one snapshot would all draw the same numbers from `random`."""


class Tries:
    """Those of one statement."""

    def __init__(self) -> None:
        self.met: Counter[Cause] = Counter()
        self.lost = False
        """One was sent, and what became of it was not heard."""

    def again(self, error: DBAPIError) -> bool:
        """Whether to try again; then this has paused for as long as is good."""
        why = cause(error)
        if why is None:
            return False
        self.lost |= why.lost
        self.met[why] += 1
        return self.met[why] <= why.tries and pause(self.met.total(), why.pause)


def pause(failed: int, least: float = 0.0) -> bool:
    """Wait before another try; False, at once, where no time would be left for it.

    The first repeat comes at once, since most links are lost one at a time; then full jitter, so
    that those who failed together do not come back together.
    """
    most = min(LONGEST, SHORTEST * 2 ** min(failed, 10)) if failed > 1 else 0.0
    seconds = least + chance.uniform(0, most)
    if seconds >= waiting.left():
        return False
    time.sleep(seconds)
    return True
