"""What the events of AWS's doors are made of: a request as it reaches them, read their way."""

import base64
import contextlib
import time
from typing import Any, NamedTuple

Event = dict[str, Any]
Pairs = list[tuple[str, str]]

CALLER = "192.0.2.1"
HOST = "thaw.example"
MOMENT = "%d/%b/%Y:%H:%M:%S +0000"
TEXT = ("text/", "application/json", "application/javascript", "application/xml")


class Request(NamedTuple):
    """`target` is what HTTP calls so: path and query, percent-encoded."""

    method: str
    target: str
    headers: Pairs
    body: bytes = b""


def forwarded(request: Request) -> Pairs:
    """The caller's headers, and those that stand before every function."""
    added = [("Host", HOST), ("X-Forwarded-For", CALLER)]
    added += [("X-Forwarded-Port", "443"), ("X-Forwarded-Proto", "https")]
    if request.body:
        added.append(("Content-Length", str(len(request.body))))
    sent = {name.lower() for name, _ in request.headers}
    return [*(pair for pair in added if pair[0].lower() not in sent), *request.headers]


def body(request: Request) -> Event:
    """Text as it is where the content type and the bytes are text; anything else in base64."""
    types = [value for name, value in request.headers if name.lower() == "content-type"]
    with contextlib.suppress(UnicodeDecodeError):
        if not types or types[-1].startswith(TEXT):
            return {"body": request.body.decode(), "isBase64Encoded": False}
    return {"body": base64.b64encode(request.body).decode(), "isBase64Encoded": True}


def agent(headers: Pairs) -> str | None:
    return next((value for name, value in headers if name.lower() == "user-agent"), None)


def now(text: str, number: str) -> Event:
    now = time.time()
    return {text: time.strftime(MOMENT, time.gmtime(now)), number: int(now * 1000)}


def joined(pairs: Pairs) -> dict[str, str]:
    return {name: ",".join(values) for name, values in listed(pairs).items()}


def listed(pairs: Pairs) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = {}
    for name, value in pairs:
        listed.setdefault(name, []).append(value)
    return listed
