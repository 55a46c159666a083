"""Calls the deployed function in this process: an HTTP request in, an HTTP response out.

The environment must be complete before the first call: the app reads it when it is imported.
"""

import base64
import contextlib
import importlib
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from dev import Trouble
from dev.events import DOORS, Pairs, Request

HANDLER = "app.aws.handler"

TIMEOUT = 30.0
"""Seconds: the longest an HTTP API waits for a function."""


class Response(NamedTuple):
    status: int
    headers: Pairs
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Context:
    """What Lambda tells a function about its invocation."""

    function_name = "thaw"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:thaw"
    memory_limit_in_mb = "1024"
    aws_request_id = "8f507cfc-1d2e-4d7c-8e3c-6a4f6ec1c0f6"
    log_group_name = "/aws/lambda/thaw"
    log_stream_name = "local"
    identity = None
    client_context = None

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self._deadline = time.time() + timeout

    def get_remaining_time_in_millis(self) -> int:
        return max(0, round(1000 * (self._deadline - time.time())))


def send(request: Request, door: str = "v2", timeout: float = TIMEOUT) -> Response:
    """Send one request through a door of AWS, by its name in DOORS; `timeout` in seconds."""
    return response(function()(DOORS[door](request), Context(timeout)))


def function(handler: str = HANDLER) -> Callable[[Any, Context], Any]:
    """The function that a handler's name names, imported if need be; Trouble where it is none.

    What it prints is its log, and belongs on stderr here.
    """
    with contextlib.redirect_stdout(sys.stderr):
        found = named(handler)

    def call(event: Any, context: Context) -> Any:
        with contextlib.redirect_stdout(sys.stderr):
            return found(event, context)

    return call


def named(handler: str) -> Any:
    place, _, name = handler.rpartition(".")
    nowhere = Trouble(f"{handler} names no function in a module, as {HANDLER} does.")
    if not place:
        raise nowhere
    try:
        found = getattr(importlib.import_module(place), name, None)
    except ModuleNotFoundError as error:
        if f"{place}.".startswith(f"{error.name}."):
            raise nowhere from None
        raise  # it is there, and what it imports is not
    if not callable(found):
        raise nowhere
    return found


def response(result: dict[str, Any]) -> Response:
    """Read what a function returned, as API Gateway and load balancers do."""
    several: dict[str, list[str]] = result.get("multiValueHeaders") or {}
    single: dict[str, str] = result.get("headers") or {}
    headers = [(name, value) for name, values in several.items() for value in values]
    headers += [(name, value) for name, value in single.items() if name not in several]
    headers += [("set-cookie", cookie) for cookie in result.get("cookies") or []]
    body: str = result.get("body") or ""
    content = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()
    return Response(result["statusCode"], headers, content)
