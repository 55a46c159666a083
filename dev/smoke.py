"""`thaw smoke`: whether a deployment answers, with the schema that its code expects."""

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import httpx2
import typer

from dev import Trouble
from dev.progress import console
from dev.smoke_options import Bypass, Token, Wait, Where

TIMEOUT = 30.0
"""Seconds for one answer: a function that starts, and a database that wakes."""

AGAIN = 2.0

UNAUTHORIZED = 401
REFUSED = (
    "401: is the token one of the deployment's JWT_ISSUER, for its JWT_AUDIENCE, and not expired? "
    "`thaw token` makes local ones only"
)
LOGIN = (
    "401: is the address right? Where a login of Vercel's stands before it, "
    "VERCEL_AUTOMATION_BYPASS_SECRET leads past it"
)

HEADERS = ("X-Request-Id", "X-Content-Type-Options", "Server-Timing")

TITLE = "thaw smoke: added, and removed at once"


class Looked(NamedTuple):
    words: str
    trouble: Trouble | None
    seconds: float


class Deployment:
    """The API at the client's address."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def ask(self, method: str, path: str, expected: int, **more: Any) -> httpx2.Response:
        """Raises Trouble with what came instead."""
        try:
            got = self._client.request(method, path, **more)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:  # it may name another place
            raise Trouble(f"{reason(error)}: is the address right, and does it run?") from None
        if got.status_code == UNAUTHORIZED != expected:
            raise Trouble(REFUSED if "Authorization" in self._client.headers else LOGIN)
        if got.status_code != expected:
            said = " ".join(got.text.split())[:200]
            raise Trouble(f"{method} {path} was answered with {got.status_code}: {said}")
        return got

    def health(self) -> None:
        """Its own answer, with the headers that each has: not that of something in front of it."""
        got = self.ask("GET", "/health", 200)
        if missing := [name for name in HEADERS if name not in got.headers]:
            raise Trouble(f"its answer lacks {', '.join(missing)}: is this the API?")

    def revision(self) -> None:
        """Also wakes the database."""
        self.ask("GET", "/health/ready", 200)

    def stranger(self) -> None:
        got = self.ask("GET", "/api/me/tasks", 401, headers={"Authorization": "Bearer no"})
        kind = got.headers.get("Content-Type", "something without a type")
        if kind != "application/problem+json":
            raise Trouble(f"an error came as {kind}")

    def write(self) -> None:
        made = self.ask("POST", "/api/me/tasks", 201, json={"title": TITLE})
        place, tag = (made.headers.get(name) for name in ("Location", "ETag"))
        if not place or not tag:
            raise Trouble(f"a task was added, and its answer lacks Location or ETag: {made.text}")
        self.ask("GET", place, 304, headers={"If-None-Match": tag})
        self.ask("DELETE", place, 204)
        self.ask("GET", place, 404)


def reason(error: Exception) -> str:
    """Why there was no answer, without the system's number for it."""
    if isinstance(error, httpx2.TimeoutException):
        return f"no answer within {TIMEOUT:g} s"
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)).rstrip(".") or type(error).__name__


def smoke(url: Where, token: Token = "", bypass: Bypass = "", wait: Wait = 0) -> None:
    """Ask a deployment for its health and its revision; exit 1 where it is wrong.

    With a token it also adds a task, reads it and removes it.

    thaw smoke http://127.0.0.1:8000 --token "$(thaw token)"    that of `thaw up`
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if bypass:
        headers["X-Vercel-Protection-Bypass"] = bypass
    end, wrong = time.monotonic() + wait, False
    with httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT) as client:
        for one in looked(Deployment(client), token, end):
            report(one)
            wrong |= one.trouble is not None
    if not token:
        print("       nothing was written: no --token, and no SMOKE_TOKEN")
    raise typer.Exit(wrong)


def looked(deployment: Deployment, token: str, end: float) -> Iterator[Looked]:
    """What was seen; no more than the first where it is not the API that answers."""
    (first, *others) = (partial(look, *one, end) for one in looks(deployment, token).items())
    yield (it_answers := first())
    if not it_answers.trouble:
        yield from (another() for another in others)


def looks(deployment: Deployment, token: str) -> dict[str, Callable[[], None]]:
    reading: dict[str, Callable[[], None]] = {
        "it answers": deployment.health,
        "its database is not behind its code": deployment.revision,
        "a stranger is refused": deployment.stranger,
    }
    writing = {"a task is added, read and removed": deployment.write}
    return {**reading, **(writing if token else {})}


def look(words: str, see: Callable[[], None], end: float) -> Looked:
    """Again and again until it is well, or the end has come."""
    with console.status(f"looking whether {words}; an answer may take {TIMEOUT:g} s …"):
        while True:
            begun, wrong = time.monotonic(), None
            try:
                see()
            except Trouble as trouble:
                wrong = trouble
            if not wrong or time.monotonic() + AGAIN > end:
                return Looked(words, wrong, time.monotonic() - begun)
            time.sleep(AGAIN)


def report(one: Looked) -> None:
    verdict = "WRONG" if one.trouble else "ok   "
    print(f"{verdict}  {one.words} ({one.seconds:.2f} s) {one.trouble or ''}".rstrip(), flush=True)
