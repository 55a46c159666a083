"""What a test needs of this machine: without it the test is skipped, saying so; CI must have all.

A need is a function that says what is missing, in a sentence, or nothing.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache

import pytest

from dev import Trouble
from dev.aws.installing import interpreter
from dev.neon.computes.pgbouncer import program

OLDEST = (20, 19)
"""The Node that dev/npm.py installs with."""


def python() -> str:
    """Lambda's."""
    try:
        interpreter()
    except Trouble as trouble:
        return str(trouble)
    return ""


def psql() -> str:
    return "" if shutil.which("psql") else "no psql on PATH"


def pgbouncer() -> str:
    if program():
        return ""
    return "no pgbouncer on PATH: install it to run what goes through Neon's pooler"


def linux() -> str:
    return "" if sys.platform == "linux" else "needs Linux, which AWS's runtimes run on"


@cache
def node() -> str:
    lack = "needs Node {}.{} or newer with npm".format(*OLDEST)
    found = shutil.which("npm") and shutil.which("node")
    if not found:
        return lack
    said = subprocess.run([found, "--version"], check=True, capture_output=True, text=True).stdout  # noqa: S603
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    return "" if version >= OLDEST else lack


def missing(*needs: Callable[[], str]) -> str:
    """The first that is not met; in CI none, since there it is a fault and not a reason to skip."""
    if "CI" in os.environ:
        return ""
    return next((why for need in needs if (why := need())), "")


def needs(*all_of_them: Callable[[], str]) -> pytest.MarkDecorator:
    why = missing(*all_of_them)
    return pytest.mark.skipif(bool(why), reason=why or "all is here")
