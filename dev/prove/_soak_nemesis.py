"""Makes a database fail, one fault at a time, while its clients go on."""

import random
import time
from collections.abc import Callable, Iterator

from dev.neon.cloud import Cloud
from dev.neon.computes.contents import connected
from dev.neon.project.project import ROLE
from dev.prove import Step
from dev.prove._soak_crew import Crew
from dev.prove._soak_recovery import Fault, calm
from dev.prove._soak_told import told

SUSPEND, PGBOUNCER, BACKENDS, POSTGRES = (
    "suspended",
    "PgBouncer restarted",
    "backends killed",
    "Postgres alone restarted",
)
LONGEST = 60.0
"""Seconds after which nobody waits for a recovery any more."""

KILLS = 50
"""Within a second: some of them meet a backend at work."""

KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"


class Nemesis:
    def __init__(self, cloud: Cloud, crew: Crew, size: int, seed: int) -> None:
        self.cloud, self.crew, self.size = cloud, crew, size
        self.chance = random.Random(seed)  # noqa: S311  to be repeated, not secret
        self.faults: list[Fault] = []

    def work(self, requests: int, times: int) -> Iterator[Step]:
        """Strike so many times in each way, spread over the requests in no order."""
        ways = list(self.ways().items()) * times
        self.chance.shuffle(ways)
        dues = sorted(self.chance.uniform(0.05, 0.95) * requests for _ in ways)
        for (kind, strike), due in zip(ways, dues, strict=True):
            yield from self.wait(due, requests)
            yield Step(kind, due / requests)
            began = time.monotonic()
            strike()
            self.faults.append(Fault(kind, began, time.monotonic()))
        yield from self.wait(requests, requests)

    def ways(self) -> dict[str, Callable[[], object]]:
        """A suspended compute is woken by whoever connects next."""
        project, branch = self.cloud.project, self.cloud.project.state.default.id
        return {
            SUSPEND: lambda: project.suspend(branch),
            PGBOUNCER: lambda: project.wake(branch).restart_pgbouncer(),
            BACKENDS: lambda: kill_backends(project.wake(branch).admin_url()),
            POSTGRES: lambda: project.wake(branch).restart_postgres(),
        }

    def wait(self, due: float, requests: int) -> Iterator[Step]:
        """Until so many requests are answered, and every sandbox is well served again."""
        begun = time.monotonic()
        while len(self.crew.heard) < due or (self.unrest() and time.monotonic() < begun + LONGEST):
            self.crew.check()
            done = len(self.crew.heard)
            yield Step(f"{done} requests, {len(self.faults)} faults", min(done / requests, 1))
            time.sleep(0.05)

    def unrest(self) -> bool:
        recent = [told(line) for line in self.crew.heard[-100 * self.size :]]
        since = self.faults[-1].ended if self.faults else 0.0
        return not calm(recent, self.size, since, time.monotonic())


def kill_backends(url: str) -> None:
    """Those that PgBouncer keeps for the app, and again those that it makes in their place."""
    with connected(url) as session:
        for _ in range(KILLS):
            session.execute(KILL, (ROLE,))
            time.sleep(0.02)
