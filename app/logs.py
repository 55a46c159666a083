"""One JSON line per request, and the headers that every answer carries."""

import json
import logging
import re
import sys
import time
from threading import Lock
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.context import Facts, facts
from app.deadlines import deadline
from app.telemetry import redact, trace_id

log = logging.getLogger(__name__)
REQUEST_ID = re.compile(r"[\w.:=+/-]{1,128}", re.ASCII)
ORDINARY = vars(logging.makeLogRecord({})).keys() | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """A record as one line of JSON, its `extra` members included."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{record.msecs:03.0f}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": facts.get().request_id,
            **({"trace_id": trace} if (trace := trace_id()) else {}),
            **{name: value for name, value in vars(record).items() if name not in ORDINARY},
        }
        return json.dumps(line, default=str)


def configure(level: str) -> None:
    """Send the app's records to standard output, which Lambda and Vercel keep."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    ours = logging.getLogger("app")
    ours.handlers, ours.propagate = [handler], False
    ours.setLevel(level.upper())
    logging.getLogger("mangum").setLevel(logging.WARNING)  # its line says less than ours


class RequestLine:
    """Names the request, answers HEAD as GET without a body, and writes the line."""

    first = Lock()
    """Taken by the first request of the process, which may be answered after others."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("x-request-id", "")
        id = asked if REQUEST_ID.fullmatch(asked) else uuid4().hex
        cold = self.first.acquire(blocking=False)
        known = Facts(id, alone="aws.event" in scope, cold=cold, deadline=deadline(scope))
        facts.set(known)
        redact()
        answer = Answer(scope, send, known)
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        began = time.perf_counter()
        await self.app(scope, receive, answer.send)
        self.write(scope, answer, known, time.perf_counter() - began)

    def write(self, scope: Scope, answer: "Answer", known: Facts, seconds: float) -> None:
        line = {
            "method": answer.method,
            "route": getattr(scope.get("route"), "path_format", None),
            "status": answer.status,
            "ms": milliseconds(seconds),
            "cold": known.cold,
            "trips": known.trips,
            "retries": known.retries,
            "database_ms": milliseconds(known.database_seconds),
            "wake_ms": milliseconds(known.wake_seconds),
            "connect_ms": milliseconds(known.connect_seconds),
            "pool_ms": milliseconds(known.pool_seconds),
        }
        log.info("request", extra=line)


def milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def server_timing(known: Facts) -> str:
    """Where the time went, for browsers' tools (https://www.w3.org/TR/server-timing/)."""
    database, wake = known.database_seconds, known.wake_seconds
    rest = time.perf_counter() - known.began - database - wake
    parts = {"db": database, "wake": wake, "app": max(0.0, rest)}
    return ", ".join(f"{name};dur={milliseconds(part)}" for name, part in parts.items())


class Answer:
    """Adds what every answer carries as it leaves."""

    def __init__(self, scope: Scope, send: Send, known: Facts) -> None:
        self.method, self.path = scope["method"], scope["path"]
        self.sender, self.known, self.status = send, known, 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.complete(MutableHeaders(scope=message))
        elif self.method == "HEAD":
            message = {**message, "body": b""}
        await self.sender(message)

    def complete(self, headers: MutableHeaders) -> None:
        headers["X-Request-Id"] = self.known.request_id
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Server-Timing"] = server_timing(self.known)
        if self.path.startswith("/api/"):
            headers["Cache-Control"] = "private, no-cache"
            headers.add_vary_header("Authorization")
