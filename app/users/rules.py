"""How much of an export fits into one answer."""

from collections.abc import Iterable

from app.users.export import LARGEST


def fitting(items: Iterable[bytes], most: int) -> list[bytes]:
    """The first few of these: at most so many, and not too long together. One always fits."""
    kept: list[bytes] = []
    size = 0
    for item in items:
        size += len(item)
        if kept and (size > LARGEST or len(kept) == most):
            break
        kept.append(item)
    return kept
