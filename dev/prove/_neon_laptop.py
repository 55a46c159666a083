"""What only the local Neon has to show: what it leaves behind, and how soon all of it is up."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from app import address
from dev import ROOT, Trouble
from dev.neon.account import known
from dev.neon.cloud import Cloud
from dev.neon.service import Service
from dev.postgres import HOST
from dev.prove._neon_claims import Claim

SECOND_START = 6.0
"""Seconds, of which a quiet laptop needs four or five."""


class Traces(NamedTuple):
    """What branches occupy."""

    directories: set[Path]
    pids: set[int]
    ports: set[int]

    def since(self, earlier: "Traces") -> "Traces":
        pids, ports = self.pids - earlier.pids, self.ports - earlier.ports
        return Traces(self.directories - earlier.directories, pids, ports)


def service(cloud: Cloud) -> Service:
    return Service(cloud.api_url, cloud.api_key, cloud.project_id, known(cloud.url(pooled=False)))


def traces(directory: Path) -> Traces:
    pids, ports = set(), set()
    for file in directory.glob("**/postmaster.pid"):
        lines = file.read_text().splitlines()
        pids.add(int(lines[0]))
        ports.add(int(lines[3]))
    for file in directory.glob("**/pgbouncer.pid"):
        pids.add(int(file.read_text()))
        said = file.with_suffix(".ini").read_text()
        ports.update(int(port) for port in re.findall(r"listen_port = (\d+)", said))
    pids.update(int(file.read_text()) for file in directory.glob("uvicorn"))
    return Traces({path.parent for path in directory.glob("**/PG_VERSION")}, pids, ports)


def left(found: Traces) -> str:
    """What is still there, once the system had a moment to bury it."""
    end = time.monotonic() + 2
    while True:
        paths = [str(path) for path in found.directories if path.exists()]
        living = [f"process {pid}" for pid in found.pids if alive(pid)]
        open_ports = [f"port {port}" for port in found.ports if listens(port)]
        remains = paths + living + open_ports
        if not remains or time.monotonic() > end:
            return ", ".join(remains) or "nothing"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def listens(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection((HOST, port), timeout=1).close()
        return True
    return False


def freed(gained: Traces) -> Claim:
    def see() -> str:
        return left(gained) if all(gained) else f"it had nothing to leave: {gained}"

    return Claim("left of it on this machine", "nothing", see)


def starting(directory: Path) -> list[Claim]:
    """`thaw up` as a whole, in a directory of its own."""
    # Over 20 lines: two claims, and how to see each.

    def second() -> float:
        with up(directory):
            pass
        with up(directory) as (_, seconds):
            return seconds

    def killed() -> str:
        with up(directory) as (process, _):
            before = traces(directory)
            process.kill()
            process.wait()
        with up(directory):
            return left(Traces(set(), before.pids, set()))

    return [
        Claim("second `thaw up`, until the API answers", SECOND_START, second),
        Claim("left of a killed `thaw up` after the next", "nothing", killed),
    ]


@contextmanager
def up(directory: Path) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """Run it; yields it and the seconds until it said that it is ready."""
    nothing = dict.fromkeys((*address.NAMES, *address.DIRECT_NAMES, "JWKS", "JWKS_URL"), "")
    environ = {**os.environ, **nothing, "THAW_STATE": str(directory), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-m", "dev", "up", f"--port={free_port()}"]
    begun = time.monotonic()
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            if not any("Ctrl-C stops" in line for line in process.stdout or ()):
                raise Trouble("`thaw up` does not start.")
            yield process, time.monotonic() - begun
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])
