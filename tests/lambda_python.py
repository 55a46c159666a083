"""Whether this machine can run a function as Lambda does, or else why not."""

import os
import sys

import pytest

from dev import Trouble
from dev.aws.installing import interpreter


def lack() -> str:
    """A sentence; nothing where nothing is missing, or in CI, where that is a fault."""
    if "CI" in os.environ:
        return ""
    try:
        interpreter()
    except Trouble as trouble:
        return str(trouble)
    return "" if sys.platform == "linux" else "AWS's runtimes run on Linux only"


needs_lambda = pytest.mark.skipif(bool(lack()), reason=lack() or "all is here")
