"""JSON as RFC 8259 and I-JSON (RFC 7493) want it: nothing that two readers read differently."""

import json
from collections.abc import Iterator
from typing import Any

from app.errors import Invalid, Malformed

DEEPEST = 32


def parse(body: bytes) -> Any:
    """Read a body; raises Malformed, and Invalid for text that Postgres cannot hold."""
    try:
        text = body.decode()
        value = json.loads(text, object_pairs_hook=unique, parse_constant=not_a_number)
    except (ValueError, RecursionError):
        raise Malformed from None
    # Most bodies are flat and without escapes: those are known to be good already.
    if "\\u" in text or text.count("[") + text.count("{") > DEEPEST:
        for pointer, depth, leaf in walk(value):
            if depth > DEEPEST:
                raise Malformed(f"JSON may be {DEEPEST} levels deep")
            if not storable(leaf):
                raise unstorable(pointer)
    return value


def walk(value: Any) -> Iterator[tuple[str, int, str]]:
    """Every string and key in a JSON value, with its JSON Pointer (RFC 6901) and depth."""
    waiting = [("", 0, value)]
    while waiting:
        pointer, depth, value = waiting.pop()
        if isinstance(value, str):
            yield pointer, depth, value
        elif isinstance(value, dict):
            for key, child in value.items():
                yield pointer, depth + 1, key
                waiting.append((f"{pointer}/{escaped(key)}", depth + 1, child))
        elif isinstance(value, list):
            yield pointer, depth + 1, ""
            waiting.extend((f"{pointer}/{n}", depth + 1, child) for n, child in enumerate(value))


def escaped(key: object) -> str:
    """One step of a JSON Pointer, cut to a length that can be shown."""
    return str(key)[:100].replace("~", "~0").replace("/", "~1")


def storable(text: str) -> bool:
    """Postgres text holds no NUL, and UTF-8 no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)


def unstorable(pointer: str) -> Invalid:
    detail = "text may not hold NUL or unpaired surrogates"
    return Invalid(errors=[{"pointer": pointer, "detail": detail, "code": "text"}])


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a repeated key: two readers of such an object can disagree on what it says."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("repeated key")
    return found


def not_a_number(name: str) -> None:
    raise ValueError(name)
