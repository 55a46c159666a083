"""Runs the linters that `make env` has installed beside this Python."""

import subprocess
import sys
from pathlib import Path

from dev import ROOT, Trouble


def run(tool: str, *arguments: str | Path, text: str = "") -> "subprocess.CompletedProcess[str]":
    """What it says of the files that it is given, or of the text; raises Trouble without it."""
    program = Path(sys.executable).with_name(tool)
    if not program.exists():
        raise Trouble(f"{tool} is not installed: run `make env`.")
    return subprocess.run(
        [program, *arguments], input=text, cwd=ROOT, capture_output=True, text=True, check=False
    )


def tidy(path: Path) -> None:
    """Lay out a new revision as `make check` wants it; what ruff cannot mend, it will say there."""
    settings = f"--config={ROOT / 'pyproject.toml'}"
    run("ruff", "check", settings, "--select=I,F401", "--fix", path)
    run("ruff", "format", settings, path)
    run("ruff", "check", settings, "--select=E501", "--add-noqa=one string", path)
