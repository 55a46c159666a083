"""The names of the advisory locks that requests hold until their statement is done."""

import hashlib


def lock_name(user_id: str, key: str = "") -> int:
    """That of a request with a caller's key; without a key, that of the account itself: 64 bits."""
    return int.from_bytes(digest(user_id.encode(), key.encode())[:8], "big", signed=True)


def digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b"\0".join(parts)).digest()
