"""What a command line says of a request or an event, read; a mistake is told before it is sent."""

import json
import sys
from pathlib import Path
from urllib.parse import quote

import typer

from dev.events import DOORS, Event, Pairs
from dev.token import mint

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def known_method(value: str | None) -> str | None:
    if value and value.upper() not in METHODS:
        raise typer.BadParameter(f"{value} is none of {', '.join(METHODS)}.")
    return value and value.upper()


def target(value: str | None) -> str | None:
    if value and not value.startswith("/"):
        raise typer.BadParameter(f"{value} does not start with a slash: /api/me/tasks")
    return value and quote(value, safe="/?&=%:;,+@!$'()*~#[]")


def known_event(value: str) -> str:
    if not value.startswith("@") and value not in DOORS:
        raise typer.BadParameter(f"{value!r} is none of {', '.join(DOORS)} or @file.")
    return value


def whole_event(value: str) -> Event:
    """The event that a file holds, named as @file; @- is standard input."""
    name = "standard input" if value == "@-" else value[1:]
    try:
        event = json.loads(content(value) or b"")
    except ValueError as error:
        raise typer.BadParameter(f"{name} holds no JSON: {error}.") from None
    if not isinstance(event, dict):
        raise typer.BadParameter(f"{name} holds no event, which is a JSON object.")
    return event


def signed(event: Event, who: str) -> Event:
    """Add a token to a request that comes as an event, unless it has one."""
    single, several = (event.get(name) for name in ("headers", "multiValueHeaders"))
    given = {name.lower() for headers in (single, several) for name in headers or ()}
    if who and given and "authorization" not in given:
        token = f"Bearer {mint(who)}"
        if single:
            single["authorization"] = token
        if several:
            several["authorization"] = [token]
    return event


def content(value: str | None) -> bytes | None:
    """The body itself, `@file` for a file's content, `-` or `@-` for standard input."""
    if value is None:
        return None
    if value in {"-", "@-"}:
        return sys.stdin.buffer.read()
    if not value.startswith("@"):
        return value.encode()
    path = Path(value[1:])
    try:
        return path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{path} is no file to read: {error.strerror}.") from None


def header_pairs(values: list[str]) -> Pairs:
    pairs = [value.partition(":") for value in values]
    if wrong := [name for name, colon, _ in pairs if not (name.strip() and colon)]:
        raise typer.BadParameter(f"{wrong[0]!r} is no header: 'Name: value'.")
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def complete(headers: Pairs, who: str, body: bytes | None) -> Pairs:
    """Add a token and a content type unless the caller gave their own."""
    given = {name.lower() for name, _ in headers}
    if body is not None and "content-type" not in given:
        headers = [*headers, ("Content-Type", "application/json")]
    if who and "authorization" not in given:
        headers = [*headers, ("Authorization", f"Bearer {mint(who)}")]
    return headers
