"""`thaw build`: the bundles that are deployed, one for each platform."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dev import aws
from dev.aws import building, zipping

EXAMPLES = """
Examples:

  thaw build lambda --arch arm64    .thaw/build/thaw-lambda-arm64.zip

  thaw build vercel    .thaw/build/vercel, as Vercel itself would build it

Exit code 1: a bundle could not be built, or weighs more than its budget.
"""

app = typer.Typer(
    no_args_is_help=True, epilog=EXAMPLES, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def build() -> None:
    """Build what is deployed, without an account."""


@app.command("lambda")
def lambda_(
    arch: Annotated[
        aws.Architecture | None,
        typer.Option(help="The function's; without it, this machine's.", show_default=False),
    ] = None,
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where to write.")
    ] = building.OUTPUT,
) -> None:
    """Build the zip of every Lambda function, and say what it weighs.

    From requirements.txt, app, api and migrations: the same input gives the same
    bytes. It takes a Python 3.13 to compile with.
    """
    path = building.build(arch or aws.here(), output)
    show(zipping.parts(path))
    zipped, unzipped = zipping.weigh(path)
    typer.echo(f"{path}: {megabytes(zipped)} MB, {megabytes(unzipped)} MB unzipped")


@app.command()
def vercel() -> None:
    """Build Vercel's function, by Vercel's own program; it takes Node."""
    from dev.vercel.building import build  # noqa: PLC0415  who builds for Lambda needs no Node

    typer.echo(build())


def show(parts: list[zipping.Part]) -> None:
    """The ten biggest, and the rest as one."""
    table = Table("part", "zipped MB", "unzipped MB")
    rest = parts[10:]
    sums = sum(part.zipped for part in rest), sum(part.unzipped for part in rest)
    for name, zipped, unzipped in [*parts[:10], (f"{len(rest)} more", *sums)]:
        table.add_row(name, megabytes(zipped), megabytes(unzipped))
    Console().print(table)


def megabytes(size: int) -> str:
    return f"{size / zipping.MB:.1f}"
