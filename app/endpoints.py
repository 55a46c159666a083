"""What every endpoint asks of a request before it is understood: bounded, storable, strict JSON."""

import json
import re
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from app.auth import authenticate
from app.errors import Invalid, Malformed, TooLarge, UnsupportedMediaType

DEEPEST = 32
LARGEST = 1024 * 1024


class StrictRequest(Request):
    async def body(self) -> bytes:
        """Read 1 MiB at most, whatever Content-Length says."""
        if not hasattr(self, "_body"):
            self._body = await self.read()
        return self._body

    async def read(self) -> bytes:
        body = bytearray()
        try:
            async for chunk in self.stream():
                body += chunk
                if len(body) > LARGEST:
                    raise TooLarge
        except ClientDisconnect:
            raise Malformed from None  # nobody hears it, and nothing of ours went wrong
        return bytes(body)

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = parse(await self.body())
        return self._json


class Endpoint(APIRoute):
    """A route that refuses what JSON parsers let through and Postgres cannot hold."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        takes_body = self.body_field is not None

        async def strict(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive)
            if "user_id" in request.path_params:
                await authenticate(request)
            for name, value in request.query_params.multi_items():
                if not storable(name + value):
                    raise unstorable(f"/query/{escaped(name)}")
            if claimed(request) > LARGEST:
                raise TooLarge
            if takes_body:
                if not is_json(request.headers.get("content-type", "")):
                    raise UnsupportedMediaType
                await request.json()  # here, since FastAPI turns any error of it into a bare 400
            return await handle(request)

        return strict


def claimed(request: Request) -> int:
    """The size that Content-Length announces; 0 where it is no number: reading will tell."""
    length = request.headers.get("content-length", "")
    return int(length) if re.fullmatch("[0-9]{1,19}", length) else 0


def is_json(content_type: str) -> bool:
    """application/json, or a type built on it such as application/merge-patch+json."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def parse(body: bytes) -> Any:
    """Read JSON as RFC 8259 and I-JSON (RFC 7493) want it; raises Malformed or Invalid."""
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
