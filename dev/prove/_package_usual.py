"""Our code, packaged as people usually do: by osls and its plugin for Python."""

import os
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

from dev import ROOT, STATE, Trouble, npm
from dev.aws import building
from dev.aws.installing import environment

SOURCE = ROOT / "dev" / "aws" / "usual"
PINS = SOURCE / "usual.txt"
SECONDS = 600


def package(directory: Path) -> Path:
    """The zip, made in this empty folder. It takes Node; packages are fetched anew."""
    home = STATE / "aws" / "usual" / "node"
    npm.install(SOURCE, home)
    building.copy(directory)
    for file in (ROOT / building.PINS, SOURCE / "serverless.yml"):
        shutil.copy(file, directory)
    (directory / "node_modules").symlink_to(home / "node_modules")
    osls(directory, "package")
    return directory / ".serverless" / "usual.zip"


def osls(directory: Path, *arguments: str) -> None:
    """Run osls there; raises Trouble with its last words."""
    program = directory / "node_modules" / "osls" / "bin" / "serverless.js"
    python = environment(PINS) / "bin"  # the plugin runs `python3.13 -m pip`
    done = subprocess.run(
        [npm.node("node"), program, *arguments],
        cwd=directory,
        env={**os.environ, "PATH": f"{python}:{os.environ['PATH']}"},
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-8:]
        raise Trouble("\n".join([f"osls {arguments[0]} failed.", *said]))


def unpack(path: Path, directory: Path) -> Path:
    """The zip's files as Lambda has them: with their times, by which Python judges bytecode."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(directory)
        for entry in archive.infolist():
            moment = time.mktime((*entry.date_time, 0, 0, -1))
            os.utime(directory / entry.filename, (moment, moment))
    return directory
