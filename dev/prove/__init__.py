"""`thaw prove`: every figure we claim, measured again and held against its goal.

A proof is a module of this folder: a GOAL, which is one sentence, and a `prove()` that yields Steps
and returns a Verdict; its arguments are the command's options. Nothing else is needed to add one.
"""

import importlib
import pkgutil
import sys
from collections.abc import Generator
from functools import wraps
from typing import Any, NamedTuple

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from dev import Trouble

NOT_MET, NOT_RUN = 1, 2
"""Exit codes: the goal is missed; the proof could not be run here."""


class Step(NamedTuple):
    """What is being done, and how much of the whole is behind us, 0 to 1."""

    doing: str
    done: float


class Verdict(NamedTuple):
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    figure: str
    met: bool


Proof = Generator[Step, None, Verdict]


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def prove(context: typer.Context) -> None:
    """Measure again, on this machine, what we claim.

    Ends with the figure, and with exit code 0 where it meets the goal, 1 where it misses it, and
    2 where it could not be measured.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def add(name: str) -> None:
    module = importlib.import_module(f"{__name__}.{name}")

    @app.command(name, help=f"Goal: {module.GOAL}")
    @wraps(module.prove)
    def command(**options: Any) -> None:
        run(module.prove(**options))


def run(proof: Proof) -> None:
    """Show progress on a terminal, then the table, then the figure as the last line."""
    try:
        verdict = follow(proof)
    except Trouble as trouble:
        typer.echo(f"thaw: {trouble}", err=True)
        raise typer.Exit(NOT_RUN) from None
    table = Table()
    for number, column in enumerate(verdict.columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in verdict.rows:
        table.add_row(*row)
    Console().print(table)
    typer.echo(f"{verdict.figure} ({'goal met' if verdict.met else 'GOAL MISSED'})")
    raise typer.Exit(0 if verdict.met else NOT_MET)


def follow(proof: Proof) -> Verdict:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=1)
        while True:
            try:
                step = next(proof)
            except StopIteration as end:
                verdict: Verdict = end.value
                return verdict
            bar.update(task, description=step.doing, completed=step.done)


for found in pkgutil.iter_modules(__path__):
    if not found.name.startswith("_"):
        add(found.name)
