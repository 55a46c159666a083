"""Lengths of time as people write them: 90m, 12h, 7d."""

import re
from datetime import UTC, datetime, timedelta

from dev import Trouble

SLACK = timedelta(minutes=1)
"""Neon's clock may be behind ours: a life as long as it may be would be too long for it."""

UNITS = {"m": "minutes", "h": "hours", "d": "days"}
LONGEST = timedelta(days=30)
"""What Neon allows a branch that expires."""


def length(words: str) -> timedelta:
    found = re.fullmatch(r"([0-9]{1,6})([mhd])", words.strip())
    if not found or not int(found[1]):
        raise Trouble(f"{words!r} is not a length of time: write 90m, 12h or 7d.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def life(words: str) -> timedelta:
    """How long a branch is to live; raises Trouble past what Neon allows."""
    asked = length(words)
    if asked > LONGEST:
        raise Trouble(f"A branch lives {LONGEST.days} days at most: use it again to extend it.")
    return asked


def from_now(ahead: timedelta) -> str:
    """As Neon's API takes a moment."""
    return (datetime.now(UTC) + min(ahead, LONGEST - SLACK)).isoformat(timespec="seconds")


def age(moment: str) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(moment)
