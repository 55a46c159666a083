"""The options that several commands of `thaw branch` take."""

from pathlib import Path
from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(help="Any name, such as the git branch's.")]
Base = Annotated[
    str | None,
    typer.Option("--from", metavar="NAME", help="Its parent when made; else the default branch."),
]
Life = Annotated[
    str, typer.Option("--ttl", metavar="LENGTH", help="How long it lives after its last use.")
]
Seed = Annotated[bool, typer.Option("--seed", help="Add the demo.")]
EnvFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the addresses there.")]
GithubOutput = Annotated[
    bool, typer.Option("--github-output", help="Give them to a step of GitHub Actions.")
]
Database = Annotated[
    str | None, typer.Option(help="Which, where the project has several.", metavar="NAME")
]
Role = Annotated[
    str | None, typer.Option(help="Who connects; its owner if absent.", metavar="NAME")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
