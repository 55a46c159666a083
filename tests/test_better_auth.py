"""The API beside a real Better Auth server: its tokens, its database, its change of keys."""

import os
import shutil
import subprocess
import sys

import pytest

from dev import ROOT

IN_CI = "CI" in os.environ
"""There, a missing Node is a fault of the pipeline and not a reason to skip."""


@pytest.mark.slow
@pytest.mark.skipif(not (IN_CI or shutil.which("npm")), reason="needs Node 20 or newer with npm")
def test_every_token_is_taken_or_refused_as_it_must_be() -> None:
    command = [sys.executable, "-m", "dev", "prove", "auth"]
    done = subprocess.run(  # noqa: S603  our own program
        command, cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
