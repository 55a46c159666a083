"""The data of branches: a directory each, copied from another's, with a compute that serves it.

A copy is a whole one, by Postgres' own means. It takes half a second for 100 MB, and shares
nothing with its source that a mistake could change on both sides.
"""

import secrets
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from dev.neon.computes.clients import ask
from dev.neon.computes.compute import Compute
from dev.programs import as_owner, hand_over

QUICKLY = ("--checkpoint=fast", "--wal-method=fetch", "--no-sync", "--no-manifest")

Amendment = Callable[[str], None]
"""A change to data that is nobody's yet, made through its superuser's URL."""


@dataclass(frozen=True)
class Habits:
    """What every compute does: how late it wakes, how soon it sleeps (seconds; None: never)."""

    wake_delay: float = 0.3
    suspend_after: float | None = None
    durable: bool = False
    """Whether its data survives a power cut."""


class Branches:
    def __init__(self, directory: Path, habits: Habits) -> None:
        self._directory = directory
        self._habits = habits
        self._computes: dict[str, Compute] = {}
        self._turns: defaultdict[str, RLock] = defaultdict(RLock)
        """A sleeping compute's files are copied while nobody can wake it."""

    def compute(self, name: str) -> Compute:
        if name not in self._computes:
            compute = Compute(self._directory / name, durable=self._habits.durable)
            compute.suspend_after(self._habits.suspend_after)
            self._computes.setdefault(name, compute)
        return self._computes[name]

    def make(self, *amendments: Amendment) -> str:
        """A new cluster, amended; returns the name of its directory."""
        name = secrets.token_hex(8)
        self._amend(name, amendments)
        return name

    def copy(self, source: str, amendments: Collection[Amendment] = ()) -> str:
        """The data as it is now, in a directory of its own, amended before anybody sees it."""
        name = secrets.token_hex(8)
        try:
            with self._turns[source]:
                duplicate(self.compute(source), self.compute(name))
            if amendments:
                self._amend(name, amendments)
        except BaseException:
            self.remove(name)
            raise
        return name

    def wake(self, name: str) -> Compute:
        compute = self.compute(name)
        if not compute.running:  # asked before waiting: a running one is copied without a pause
            with self._turns[name]:
                compute.start(self._habits.wake_delay)
        return compute

    def suspend(self, name: str) -> None:
        with self._turns[name]:
            self.compute(name).suspend()

    def suspend_all(self) -> None:
        for name in list(self._computes):
            self.suspend(name)

    def remove(self, name: str) -> None:
        """End its processes, those of a killed run too, and free the disk."""
        with self._turns[name]:
            self.compute(name).suspend()
            shutil.rmtree(self._directory / name)
            del self._computes[name]

    def keep_only(self, names: Collection[str]) -> None:
        """Remove every other directory, and end what a killed run has left running in any."""
        self._directory.mkdir(exist_ok=True)
        for path in filter(Path.is_dir, self._directory.iterdir()):
            if path.name in names:
                self.suspend(path.name)
            else:
                self.remove(path.name)

    def _amend(self, name: str, amendments: Collection[Amendment]) -> None:
        compute = self.compute(name)
        compute.suspend_after(None)  # what its superuser does keeps nobody awake
        compute.start()
        for amend in amendments:
            amend(compute.admin_url())
        compute.suspend()
        compute.suspend_after(self._habits.suspend_after)


def duplicate(source: Compute, target: Compute) -> None:
    """Copy a cluster: a running one by its own backup, a sleeping one file by file."""
    target.data.mkdir(mode=0o700, parents=True)
    hand_over(target.data)
    if source.running:
        where = f"--pgdata={target.data}"
        ask("pg_basebackup", source.admin_url(), where, *QUICKLY, owned=target.data)
    else:
        files = (f"{source.data}/.", str(target.data))
        subprocess.run([*as_owner(target.data), "cp", "-a", *files], check=True)
    for_superuser = f"{source.data.name}.password"  # lies beside the data
    shutil.copy(source.data.with_name(for_superuser), target.data.with_name(for_superuser))
