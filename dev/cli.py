"""The `thaw` command: a table of commands, each a module that is imported when it is called."""

import errno
import importlib
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import typer

from dev import Trouble

COMMANDS = {
    "up": ("dev.up:up", "Serve the API on a laptop: database, demo data, a token, reload."),
    "token": ("dev.token:token", "Print a token for the local API."),
    "migrate": ("dev.migrate:app", "Move the database between revisions; write a new one."),
    "seed": ("dev.seed:seed", "Add the demo, and as many more tasks as asked."),
    "purge": ("dev.purge:purge", "Remove for good what was deleted long enough ago."),
    "doctor": ("dev.doctor:doctor", "Say what is wrong with the settings or the database."),
    "invoke": ("dev.invoke:invoke", "Call the Lambda handler with an event, on this machine."),
    "build": ("dev.build:app", "Build what is deployed: Lambda's zip, Vercel's function."),
    "serve": ("dev.serve:app", "Serve a built bundle under its platform's own runtime."),
    "branch": ("dev.branch.command:app", "A Neon branch for each branch of the code."),
    "neon": ("dev.neon.command:app", "Steer the local Neon: look, suspend, wake, break."),
    "smoke": ("dev.smoke:smoke", "Ask a deployment whether it is well."),
    "lint": ("dev.lint.command:lint", "Look at the revisions' SQL and at the workflows."),
    "prove": ("dev.prove:app", "Measure what the README claims."),
}

EXAMPLES = """
Examples:

  thaw up --port 9000    an API with a database of its own, until Ctrl-C

  curl -H "Authorization: Bearer $(thaw token)" localhost:8000/api/me/tasks

  thaw neon suspend    the database sleeps, and the next request wakes it

  DATABASE_URL=postgresql://… thaw migrate up    a database elsewhere

Without DATABASE_URL, in the environment or .env, every command uses the Neon
in .thaw, and starts it for as long as it needs it unless `thaw up` runs it.

`thaw COMMAND --help` tells more.
"""

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130
"""A shell's number for Ctrl-C."""

# Pretty tracebacks are off: they print local variables, and those hold secrets.
app = typer.Typer(
    no_args_is_help=True, epilog=EXAMPLES, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def thaw() -> None:
    """Tools for working on Thaw: run it, feed it, ask it what is wrong, measure it."""


def add(name: str, place: str, summary: str) -> None:
    """Register a command by name; its own help, options and imports wait until it is called."""

    @app.command(
        name,
        help=summary,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def call(context: typer.Context) -> None:
        load(place)(context.args, prog_name=f"thaw {name}")


def load(place: str) -> typer.Typer:
    module, name = place.split(":")
    found = getattr(importlib.import_module(module), name)
    if isinstance(found, typer.Typer):
        return found
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command()(found)
    return alone


for name, (place, summary) in COMMANDS.items():
    add(name, place, summary)


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Stop in good order, once: a second signal must not cut the clean-up short."""
    for each in STOPS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def open_streams() -> None:
    """What is closed leads nowhere, and not to the next file that is opened in its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115  for good


def main() -> None:
    open_streams()
    for each in STOPS:
        if each != signal.SIGHUP or signal.getsignal(each) != signal.SIG_IGN:  # nohup
            signal.signal(each, interrupt)
    try:
        app(prog_name="thaw")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except (Trouble, OSError, ValueError) as error:
        sentence = told(error)
        if sentence is None:
            raise
        sys.exit(f"thaw: {sentence}")


def told(error: Exception) -> str | None:
    """What people read of it; None for a mistake of ours, whose traceback is needed."""
    if isinstance(error, Trouble):
        return str(error)
    if isinstance(error, OSError):  # a right, a folder or room is missing
        full = "what is written is lost" if error.errno == errno.ENOSPC else None
        where = error.filename or full
        return where and f"{error.strerror}: {where}"
    from app.settings import SettingsError  # noqa: PLC0415  0.3 s that only a mistake pays

    return str(error) if isinstance(error, SettingsError) else None
