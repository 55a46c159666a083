"""`thaw invoke`: one request through the real Lambda function, in this process, without AWS."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import quote

import typer
from rich.console import Console

from dev import Trouble, local
from dev.events import Pairs, Request
from dev.lambda_function import Response, send
from dev.migrating import upgrade
from dev.neon import here
from dev.token import mint
from dev.wire import CountingProxy, Counts

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Call(NamedTuple):
    response: Response
    milliseconds: float
    counts: Counts | None


def known_method(value: str) -> str:
    if value.upper() not in METHODS:
        raise typer.BadParameter(f"{value} is none of {', '.join(METHODS)}.")
    return value.upper()


def target(value: str) -> str:
    if not value.startswith("/"):
        raise typer.BadParameter(f"{value} does not start with a slash: /api/me/tasks")
    return quote(value, safe="/?&=%:;,+@!$'()*~#[]")


def content(value: str | None) -> bytes | None:
    """The body itself, `@file` for a file's content, `-` for standard input."""
    if value is None:
        return None
    if value == "-":
        return sys.stdin.buffer.read()
    if not value.startswith("@"):
        return value.encode()
    path = Path(value[1:])
    if not path.is_file():
        raise typer.BadParameter(f"There is no file {path}.")
    return path.read_bytes()


def header_pairs(values: list[str]) -> Pairs:
    pairs = [value.partition(":") for value in values]
    if wrong := [name for name, colon, _ in pairs if not (name.strip() and colon)]:
        raise typer.BadParameter(f"{wrong[0]} is no header: 'Name: value'.")
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def invoke(  # noqa: PLR0913  a command's options
    method: Annotated[str, typer.Argument(callback=known_method, help="GET, POST, …")],
    path: Annotated[str, typer.Argument(callback=target, help="/api/me/tasks?limit=5")],
    *,
    who: Annotated[str, typer.Option("--as", help="Whose token to send; '' sends none.")] = "demo",
    data: Annotated[
        str | None, typer.Option("--data", "-d", help="The body; @file, or - for standard input.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="'Name: value'; repeat for more.")
    ] = None,
    event: Annotated[
        Literal["v2", "v1", "alb", "alb-multi"],
        typer.Option(help="HTTP API, REST API, load balancer (keeping repeated values)."),
    ] = "v2",
    repeat: Annotated[int, typer.Option(min=1, help="Send it so many times.")] = 1,
    trips: Annotated[bool, typer.Option("--trips", help="Count round trips on the wire.")] = False,
) -> None:
    """Send one request to the Lambda function as AWS would, here, and print its answer.

    Status and headers go to stderr, the body to stdout. Exit code 1 says 4xx or 5xx.

    thaw invoke POST /api/me/tasks -d '{"title": "Count the trips"}' --trips --repeat 3
    """
    headers, body = header_pairs(header or []), content(data)
    with ready(count_trips=trips) as proxy:
        request = Request(method, path, complete(headers, who, body), body or b"")
        calls = [call(request, event, proxy) for _ in range(repeat)]
    show(calls, measured=trips or repeat > 1)
    raise typer.Exit(int(calls[-1].response.status >= HTTPStatus.BAD_REQUEST))


@contextmanager
def ready(*, count_trips: bool) -> Iterator[CountingProxy | None]:
    """A database with tables in it; all that the app reads stands in the environment."""
    ours, begun = local.chosen() is None, (here.DIRECTORY / "state.json").exists()
    with local.database() as urls, ExitStack() as stack:
        proxy = stack.enter_context(between(urls, ours=ours)) if count_trips else None
        if ours and not begun:  # reads the settings, so the proxy must be among them by now
            upgrade()
        yield proxy


def between(urls: local.Urls, *, ours: bool) -> CountingProxy:
    """A proxy between the app, which is not imported yet, and its database."""
    url = here.unencrypted(urls.direct) if ours else urls.pooled
    if local.host_of(url) not in {"127.0.0.1", "localhost"}:
        raise Trouble("--trips reads an unencrypted wire: unset DATABASE_URL to use the local one.")
    proxy = CountingProxy(url)
    os.environ["DATABASE_URL"] = proxy.url
    return proxy


def complete(headers: Pairs, who: str, body: bytes | None) -> Pairs:
    """Add a token and a content type unless the caller gave their own."""
    given = {name.lower() for name, _ in headers}
    if body is not None and "content-type" not in given:
        headers = [*headers, ("Content-Type", "application/json")]
    if who and "authorization" not in given:
        headers = [*headers, ("Authorization", f"Bearer {mint(who)}")]
    return headers


def call(request: Request, event: str, proxy: CountingProxy | None) -> Call:
    """Send it; the first call of a process is a cold start, which pays for imports too."""
    begun = time.perf_counter()
    response = send(request, event)
    milliseconds = (time.perf_counter() - begun) * 1000
    return Call(response, milliseconds, proxy.take() if proxy else None)


def show(calls: list[Call], *, measured: bool) -> None:
    about = Console(stderr=True, highlight=False, markup=False)
    for number, (response, milliseconds, counts) in enumerate(calls if measured else [], 1):
        start = "warm" if number > 1 else "cold"
        trips = f"{counts.handshake_trips} + {counts.trips} round trips" if counts else ""
        about.print(f"{number:4} {start} {response.status} {milliseconds:8.1f} ms  {trips}")
    response = calls[-1].response
    about.print(response.status, style="bold")
    for name, value in response.headers:
        about.print(f"{name}: {value}", style="dim", soft_wrap=True)
    if (response.header("content-type") or "").partition(";")[0].endswith("json"):
        Console().print_json(response.body.decode(), ensure_ascii=False)
    else:
        sys.stdout.buffer.write(response.body)
