"""`thaw up`: the whole API on a laptop, until Ctrl-C."""

import importlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Annotated

import typer

from dev import BEGUN, STATE, Trouble
from dev.local import Urls, chosen, configured, database, host_of
from dev.locks import claim
from dev.migrating import upgrade
from dev.neon import here
from dev.progress import note, step
from dev.serving import await_answer, end_orphan, free_port, serving
from dev.token import mint, signs_here

WELCOME = """
  API    {address}
  Docs   {address}/docs
  Token  {token}

curl -H "Authorization: Bearer $(.venv/bin/thaw token)" {address}/api/me/tasks
curl -H "Authorization: Bearer $(.venv/bin/thaw token)" -H 'Content-Type: application/json' \
-d '{{"title": "Try the API"}}' {address}/api/me/tasks

The token is good for 12 hours; `.venv/bin/thaw token` makes another. Ctrl-C stops."""

WITHOUT_KEY = """
  API    {address}
  Docs   {address}/docs
  Token  from your issuer: JWKS_URL or JWKS is set

Ctrl-C stops."""


def up(
    port: Annotated[
        int, typer.Option(min=1, max=65_000, metavar="PORT", help="Or the next free one.")
    ] = 8000,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="0.0.0.0: other machines may call.")
    ] = "127.0.0.1",
    reload: Annotated[bool, typer.Option(help="Restart when app/ changes.")] = True,  # noqa: FBT002
    wake_delay: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="What the database takes to wake.")
    ] = here.WAKE_DELAY,
    suspend_after: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Rest until it sleeps; 0: never.")
    ] = here.SUSPEND_AFTER,
) -> None:
    """Serve the API with a database, demo data and a token, until Ctrl-C.

    The database is a Neon on this machine: requests go through its pooler,
    migrations past it, and it sleeps when nobody asks it anything. `thaw neon`
    steers it.

    thaw up --suspend-after 5 --wake-delay 3    see cold starts all day
    """
    # Over 20 lines: the options are the command's help.
    neon = partial(here.run, wake_delay, suspend_after or None)
    ours = chosen() is None  # asked before `database` lends one
    try:
        with only_one() as sign, database(neon) as urls:
            port = free_port(host, port)
            sign.write(f"http://{host}:{port} (`kill {os.getpid()}` stops it)")
            sign.flush()
            serve(host, port, urls, reload=reload, ours=ours)
    except KeyboardInterrupt:
        note("stopped")


def serve(host: str, port: int, urls: Urls, *, reload: bool, ours: bool) -> None:
    """Serve until the server stops, which only Ctrl-C should make it do."""
    importlib.import_module("app.settings").get_settings()  # here a mistake is a sentence
    address = f"http://{host}:{port}"
    with serving(host, port, reload=reload) as server:
        if not ours:
            note(f"using your database at {host_of(urls.pooled)}, without adding the demo")
        prepare(urls.direct, demo=ours)
        await_answer(server, address)
        introduce(address)
        server.wait()
        raise Trouble("The API stopped by itself; its last words stand above.")


@contextmanager
def only_one() -> Iterator[IO[str]]:
    """Refuse to be the second in this checkout, and name the first."""
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "up").open("a+") as sign:
        if not claim(sign):
            sign.seek(0)
            raise Trouble(f"already running: {sign.read() or 'just starting'}")
        sign.truncate(0)
        end_orphan()
        yield sign


def prepare(url: str, *, demo: bool) -> None:
    """Migrate, and add the demo to a database of our own, while the API starts.

    It has no callers yet: nobody was told its address.
    """
    upgrade()
    if demo:
        with step("adding the demo"):
            from dev.seed import insert  # noqa: PLC0415  SQLModel takes a second

            insert(url)


def introduce(address: str) -> None:
    """What to do next, for people to read and to paste."""
    note(f"ready in {time.monotonic() - BEGUN:.1f} s")
    token = mint("demo") if signs_here(configured()) else None
    print((WELCOME if token else WITHOUT_KEY).format(address=address, token=token), flush=True)
