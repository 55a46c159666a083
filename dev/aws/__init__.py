"""AWS Lambda on this machine: the zip that is deployed, and the runtimes that run it.

What a function gets there: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
"""

import platform
from typing import Literal

PYTHON = (3, 13)
"""What serverless.yml deploys on, `runtime: python3.13`: bytecode of another version is no use."""

Architecture = Literal["x86_64", "arm64"]


def here() -> Architecture:
    """The architecture of this machine, as Lambda calls it."""
    return "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
