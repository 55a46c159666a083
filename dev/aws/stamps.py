"""Whether what was built is still what would be: a stamp beside it tells what it was built from."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def fingerprint(files: Iterable[Path]) -> str:
    """Of their names and contents: times tell nothing of a file that is gone."""
    whole = hashlib.sha256()
    for path in sorted(files):
        content = path.read_bytes()
        whole.update(f"\0{path}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def fresh(stamp: Path, seen: str) -> bool:
    return stamp.exists() and stamp.read_text() == seen
