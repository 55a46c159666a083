"""Where proofs put a database to sleep: a Neon of their own, with our tables in it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev import ROOT, Trouble
from dev.local import environment
from dev.neon.cloud import Cloud
from dev.neon.computes.compute import Compute
from dev.prove._cold_sandbox import Kind, Sandbox

UPGRADE = "from migrations.job import upgrade; upgrade()"


@dataclass
class Stage:
    """`environ` is what the function adds to our environment; its files lie in `directory`."""

    directory: Path
    cloud: Cloud
    environ: dict[str, str]

    def sandbox(self, kind: Kind = "function", **environ: str) -> Sandbox:
        return Sandbox(self.directory, self.environ | environ, kind)

    def suspend(self) -> None:
        self.cloud.project.suspend(self._main)

    def wake(self) -> Compute:
        return self.cloud.project.wake(self._main)

    @property
    def _main(self) -> str:
        return self.cloud.project.state.default.id


@contextmanager
def neon_stage(directory: Path, *, wake_delay: float, pooled: bool = True) -> Iterator[Stage]:
    """The same directory again is the same database, and bytecode that is there already."""
    with Cloud(directory / "neon", wake_delay=wake_delay) as cloud:
        urls = environment(cloud.url(pooled=pooled), cloud.url(pooled=False))
        stage = Stage(directory, cloud, {**urls, "LOG_LEVEL": "WARNING"})
        migrate(stage)
        yield stage


def migrate(stage: Stage) -> None:
    """In a process of its own: one process can read one environment."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", UPGRADE],
        check=False,
        capture_output=True,
        cwd=stage.directory,
        env={**os.environ, **stage.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    if done.returncode:
        raise Trouble(done.stderr.strip().splitlines()[-1])
