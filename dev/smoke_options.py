"""What a command line says of a deployment, read; a mistake is told before anything is asked."""

from typing import Annotated

import httpx2
import typer


def whole(url: str) -> str:
    """An address that says how to get there, and where; else it is refused."""
    try:
        read = httpx2.URL(url)
    except (httpx2.InvalidURL, UnicodeEncodeError):
        read = httpx2.URL()
    if read.scheme not in {"http", "https"} or not read.host:
        raise typer.BadParameter("Write it whole: https://….vercel.app or http://127.0.0.1:8000")
    return url


def sendable(secret: str) -> str:
    """What a header can hold; what it cannot is not shown either."""
    if not (secret.strip().isascii() and secret.strip().isprintable()):
        raise typer.BadParameter("It holds what HTTP does not take: copy it anew.")
    return secret.strip()


Where = Annotated[
    str, typer.Argument(callback=whole, help="https://….vercel.app, or http://127.0.0.1:8000")
]
Token = Annotated[
    str,
    typer.Option(
        envvar="SMOKE_TOKEN", callback=sendable, metavar="TOKEN", help="A user's: it writes a task."
    ),
]
Bypass = Annotated[
    str,
    typer.Option(
        envvar="VERCEL_AUTOMATION_BYPASS_SECRET",
        callback=sendable,
        metavar="SECRET",
        help="Leads past Vercel's login, if it has one.",
    ),
]
Wait = Annotated[
    int, typer.Option(min=0, metavar="SECONDS", help="Ask again for so long until it is well.")
]
