"""`thaw serve`: what was built for a platform, run on this machine as the platform runs it."""

import importlib
from typing import Annotated

import typer

from dev import Trouble
from dev.local import chosen, configured, database
from dev.progress import note
from dev.serving import free_port
from dev.up import introduce, prepare
from dev.vercel.building import built
from dev.vercel.serving import running

EXAMPLES = """
Examples:

  thaw serve vercel --port 9000    what Vercel would run, until Ctrl-C

  thaw smoke http://127.0.0.1:9000 --token "$(thaw token)"    is it well?
"""

app = typer.Typer(
    no_args_is_help=True, epilog=EXAMPLES, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def serve() -> None:
    """Serve a built bundle under its platform's own runtime."""


Port = Annotated[int, typer.Option(min=1, max=65_000, metavar="PORT", help="Or the next free one.")]


@app.command()
def vercel(port: Port = 8000) -> None:
    """Serve Vercel's function under Vercel's runtime, until Ctrl-C.

    It is built first where anything has changed since, with Node, and runs as one
    instance. Its database is that of `thaw up`. What it prints is its log.
    """
    ours = chosen() is None  # asked before `database` lends one
    place = built()
    try:
        with database() as urls:
            importlib.import_module("app.settings").get_settings()  # here a mistake is a sentence
            prepare(urls.direct, demo=ours)
            with running(place, configured(), free_port("127.0.0.1", port)) as instance:
                introduce(instance.address)
                instance.process.wait()
                raise Trouble("The function ended by itself; its last words stand above.")
    except KeyboardInterrupt:
        note("stopped")
