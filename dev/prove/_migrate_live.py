"""Clients that write without a pause while a job migrates, and what each of their requests took."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import NamedTuple, Self

import httpx2
import psycopg2

from dev import ROOT, Trouble

TASKS = "/api/me/tasks"
SAMPLE = ROOT / "tests" / "expand_contract"
"""Revisions of a release that is not there yet."""

AGAIN = "trying again"
"""What the job says when somebody holds its table for longer than it may wait."""

JOB = """
import sys
from pathlib import Path
from migrations import plan
plan.VERSIONS.append(Path(sys.argv.pop(1)))
from dev.cli import main
main()
"""


class Request(NamedTuple):
    begun: float
    seconds: float
    status: int
    """0 where there was no answer."""


class Migrated(NamedTuple):
    begun: float
    ended: float
    told: list[str]


class Clients:
    """So many threads; each adds tasks, changes them, lists them and deletes them."""

    NUMBER = 4

    def __init__(self, address: str, token: str) -> None:
        self._address, self._headers = address, {"Authorization": f"Bearer {token}"}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(self.NUMBER)]
        self.requests: list[Request] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def between(self, begin: float, end: float) -> list[Request]:
        """All that were under way at some moment of it."""
        return [one for one in self.requests if one.begun < end and one.begun + one.seconds > begin]

    def _work(self) -> None:
        with httpx2.Client(base_url=self._address, headers=self._headers, timeout=60) as client:
            for number in count():
                if self._stop.is_set():
                    return
                made = self._ask(client, "POST", TASKS, {"title": f"Live {number}"})
                place = made.headers["Location"] if made else TASKS
                self._ask(client, "PATCH", place, {"priority": "high", "tags": ["live"]})
                self._ask(client, "GET", f"{TASKS}?limit=20")
                self._ask(client, "DELETE", place)

    def _ask(
        self, client: httpx2.Client, method: str, path: str, body: object = None
    ) -> httpx2.Response | None:
        begun, got = time.monotonic(), None
        with suppress(httpx2.HTTPError):
            got = client.request(method, path, json=body)
        status = got.status_code if got else 0
        self.requests.append(Request(begun, time.monotonic() - begun, status))
        return got


class Held:
    """A session that reads tasks until a revision has had to give way, and for a while after it."""

    SECONDS = 3.0

    def __init__(self, url: str) -> None:
        self._connection = psycopg2.connect(url)
        self._timer = threading.Timer(self.SECONDS, self._connection.close)

    def __enter__(self) -> Self:
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT FROM tasks LIMIT 1")
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._connection.close()

    def hear(self, line: str) -> None:
        """What the job says; it says once that it tries again."""
        if AGAIN in line and self._timer.ident is None:
            self._timer.start()


def job(url: str, revision: str, hear: Callable[[str], None]) -> Migrated:
    """`thaw migrate up`, with the sample's revisions beside our own."""
    begun, told = time.monotonic(), list[str]()
    with subprocess.Popen(
        [sys.executable, "-c", JOB, SAMPLE, "migrate", "up", revision],
        env={"PYTHONPATH": str(ROOT), "DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stderr or ():
            told.append(line.strip())
            hear(line)
    if process.returncode:
        raise Trouble("the migration has failed:\n" + "\n".join(told))
    return Migrated(begun, time.monotonic(), told)
