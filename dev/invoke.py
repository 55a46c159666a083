"""`thaw invoke`: one event through the real Lambda function, on this machine, without AWS."""

import sys
import time
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console

from dev.events import DOORS, Request
from dev.invoking import Invoke, Runtime, ready, running
from dev.lambda_function import HANDLER, response
from dev.request_options import (
    complete,
    content,
    header_pairs,
    known_event,
    known_method,
    signed,
    target,
    whole_event,
)
from dev.wire import CountingProxy, Counts

Method = Annotated[str | None, typer.Argument(callback=known_method, help="GET, POST, …")]
Target = Annotated[str | None, typer.Argument(callback=target, help="/api/me/tasks?limit=5")]
SHAPE = (
    "How AWS sends the request: v2 (HTTP API), v1 (REST API), url (function URL), alb (load "
    "balancer; alb-multi keeps repeated values). Or @file (@- is standard input): an event of any "
    "kind, instead of a request."
)
RUNTIME = "This process, or the built zip under AWS's runtime client (ric) or emulator (rie)."


class Call(NamedTuple):
    answer: Any
    milliseconds: float
    counts: Counts | None

    @property
    def status(self) -> int | None:
        """None where the answer is none to an HTTP request."""
        return self.answer.get("statusCode") if isinstance(self.answer, dict) else None


def invoke(  # noqa: PLR0913  a command's options
    method: Method = None,
    path: Target = None,
    *,
    who: Annotated[
        str, typer.Option("--as", metavar="USER", help="Whose token to send; '' sends none.")
    ] = "demo",
    data: Annotated[
        str | None,
        typer.Option(
            "--data", "-d", metavar="BODY", help="The body; @file, or - for standard input."
        ),
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", metavar="HEADER", help="'Name: value'; repeat for more."),
    ] = None,
    event: Annotated[str, typer.Option(callback=known_event, metavar="KIND", help=SHAPE)] = "v2",
    runtime: Annotated[Runtime, typer.Option(help=RUNTIME)] = "here",
    handler: Annotated[
        str, typer.Option(metavar="NAME", help="Or migrations.aws.handler.")
    ] = HANDLER,
    repeat: Annotated[int, typer.Option(min=1, metavar="TIMES", help="Send it so often.")] = 1,
    trips: Annotated[bool, typer.Option("--trips", help="Count round trips on the wire.")] = False,
) -> None:
    """Send one event to the Lambda function as AWS would; print its answer.

    Status, headers and log go to stderr, the body to stdout. Exit code 1 says
    4xx, 5xx or failed.

    thaw invoke POST /api/me/tasks -d '{"title": "Count"}' --trips --repeat 3

    thaw invoke --event @tests/events/cron.json --runtime rie
    """
    headers, body = header_pairs(header or []), content(data)
    recorded = event.startswith("@")
    if any((method, path, data, header)) if recorded else not (method and path):
        raise typer.BadParameter("Name a method and a path, or --event @file and no request.")
    whole = whole_event(event) if recorded else {}
    with ready(count_trips=trips) as proxy, running(runtime, handler) as function:
        if method and path:
            request = Request(method, path, complete(headers, who, body), body or b"")
            whole = DOORS[event](request)
        whole = signed(whole, who)
        calls = [call(function, whole, proxy) for _ in range(repeat)]
    show(calls, measured=trips or repeat > 1)
    raise typer.Exit(int((calls[-1].status or 0) >= HTTPStatus.BAD_REQUEST))


def call(function: Invoke, event: Any, proxy: CountingProxy | None) -> Call:
    """Send it; the first call in this process is a cold start, which pays for imports too."""
    begun = time.perf_counter()
    answer = function(event)
    milliseconds = (time.perf_counter() - begun) * 1000
    return Call(answer, milliseconds, proxy.take() if proxy else None)


def show(calls: list[Call], *, measured: bool) -> None:
    about = Console(stderr=True, highlight=False, markup=False)
    for number, each in enumerate(calls if measured else [], 1):
        start = "warm" if number > 1 else "cold"
        counts = each.counts
        trips = f"{counts.handshake_trips} + {counts.trips} round trips" if counts else ""
        about.print(
            f"{number:4} {start} {each.status or 'done'} {each.milliseconds:8.1f} ms  {trips}"
        )
    if calls[-1].status is None:
        Console().print_json(data=calls[-1].answer)
    else:
        show_response(calls[-1].answer, about)


def show_response(answer: Any, about: Console) -> None:
    got = response(answer)
    about.print(got.status, style="bold")
    for name, value in got.headers:
        about.print(f"{name}: {value}", style="dim", soft_wrap=True)
    if (got.header("content-type") or "").partition(";")[0].endswith("json"):
        Console().print_json(got.body.decode(), ensure_ascii=False)
    else:
        sys.stdout.buffer.write(got.body)
