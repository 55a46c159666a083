"""The jobs of a workflow: `thaw branch` in processes of their own, with what CI has around them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app import address
from dev import Trouble
from dev.neon.cloud import Cloud
from dev.postgres import HOST
from dev.prove import _neon_laptop as laptop
from dev.prove._neon_laptop import Traces

Outputs = dict[str, str]


class Jobs:
    def __init__(self, cloud: Cloud, checkout: Path, place: Path) -> None:
        self._cloud, self._checkout, self._place = cloud, checkout, place
        self.outputs: Outputs = {}
        self.gained = Traces(set(), set(), set())
        # The addresses are Neon's own, and nobody here resolves their names.
        self.known = {
            "PGHOSTADDR": HOST,
            "PGSSLROOTCERT": str(cloud.directory / "ca.pem"),
            "NEON_API_HOST": cloud.api_url,
            "NEON_API_KEY": cloud.api_key,
            "NEON_PROJECT_ID": cloud.project_id,
        }

    @property
    def branch_id(self) -> str:
        return self.outputs["branch_id"]

    @property
    def pooled(self) -> str:
        return self.outputs["database_url"]

    @property
    def direct(self) -> str:
        return self.outputs["database_url_unpooled"]

    def migrate(self, url: str) -> None:
        with self.start("migrate", "up", DATABASE_URL=url, DATABASE_URL_UNPOOLED=url) as job:
            ended(job)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        with self.start("branch", *arguments) as job:
            return ended(job, check=check)

    def together(self, number: int, *arguments: str) -> list[Outputs]:
        """So many of the same at once; where one fails, none is left running."""
        files = [self._place / f"outputs-{each}" for each in range(number)]
        with ExitStack() as stack:
            started = []
            for file in files:
                file.write_text("")
                job = self.start("branch", *arguments, "--github-output", GITHUB_OUTPUT=str(file))
                started.append(stack.enter_context(job))
            for each in started:
                masked(ended(each).stdout)
        found = [outputs(file) for file in files]
        self.outputs = found[0]
        self.gained = laptop.traces(self._cloud.directory)
        return found

    @contextmanager
    def start(self, *arguments: str, **more: str) -> Iterator[subprocess.Popen[str]]:
        """Gone in the end, whatever happens meanwhile."""
        nothing = dict.fromkeys((*address.NAMES, *address.DIRECT_NAMES), "")
        state = {"THAW_STATE": str(self._place / "state"), "PYTHONPATH": str(self._checkout)}
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "dev", *arguments],
            env={**os.environ, **nothing, **self.known, **state, **more},
            cwd=self._checkout,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as job:
            try:
                yield job
            finally:
                job.kill()  # nothing to one that has ended


def ended(
    process: subprocess.Popen[str], *, check: bool = True
) -> subprocess.CompletedProcess[str]:
    said, told = process.communicate(timeout=120)
    if check and process.returncode:
        raise Trouble(f"a command of `thaw` has failed:\n{told}")
    return subprocess.CompletedProcess(process.args, process.returncode, said, told)


def outputs(file: Path) -> Outputs:
    """What GitHub Actions reads: a name, a mark, the value, and the mark again."""
    lines = file.read_text().splitlines()
    return {lines[at].partition("<<")[0]: lines[at + 1] for at in range(0, len(lines), 3)}


def masked(said: str) -> None:
    """Raise Trouble where a log would show a password."""
    shown = [line for line in said.splitlines() if not line.startswith("::add-mask::")]
    if any("npg_" in line for line in shown):
        raise Trouble("a password was printed and not masked")
