"""Neon's own command line, as a caller of the local Neon who was not written to please it."""

import os
import subprocess
from pathlib import Path

from dev import STATE
from dev.neon.cloud import Cloud
from dev.npm import install, node

SOURCE = Path(__file__).parent
HOME = STATE / "neonctl"


def neonctl(cloud: Cloud, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one command on the cloud's project; raises Trouble where Node is missing.

    It sees neither the user's own account at Neon nor anything else outside.
    """
    install(SOURCE, HOME)
    program = HOME / "node_modules" / "neonctl" / "bin" / "cli.js"
    options = [f"--project-id={cloud.project_id}", f"--config-dir={HOME}", "--no-analytics"]
    api = {"NEON_API_HOST": cloud.api_url, "NEON_API_KEY": cloud.api_key}
    return subprocess.run(
        [node("node"), program, *arguments, *options, "--no-color"],
        check=False,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": str(HOME), **api},
        stdin=subprocess.DEVNULL,
        text=True,
    )
