"""Runs the built function under Vercel's own runtime, which the bundle brings along."""

import base64
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from dev import Trouble
from dev.serving import stop
from dev.vercel import bundle
from dev.vercel.building import NOT_OURS, original_python
from dev.vercel.front import Front

PATIENCE = 30.0
"""Seconds until we stop waiting for a function to start; it takes less than one."""

Message = dict[str, Any]


class Instance(NamedTuple):
    address: str
    process: subprocess.Popen[bytes]
    started: Message
    """What the runtime tells of its start, in milliseconds: initDuration, userInitDuration."""


@contextmanager
def running(
    place: Path, settings: Mapping[str, str], port: int = 0, seconds: float | None = None
) -> Iterator[Instance]:
    """One instance of what was built there, with these settings, behind a front of Vercel's kind.

    `seconds` are those that a request may take, as many as vercel.json says unless told. Raises
    Trouble where the function does not start.
    """
    longest = seconds or bundle.settings(place)["maxDuration"]
    with listening() as door, process(place, settings, door.getsockname()) as server:
        told = messages(accepted(door, server))
        started = until_started(told)
        threading.Thread(target=log, args=(told,), daemon=True).start()
        with Front(port, started["httpPort"], longest) as front:
            yield Instance(front.address, server, started)


@contextmanager
def listening() -> Iterator[socket.socket]:
    """Where the runtime looks for its platform."""
    with (
        tempfile.TemporaryDirectory(prefix="thaw-") as scratch,
        socket.socket(socket.AF_UNIX) as door,
    ):
        door.bind(f"{scratch}/ipc")
        door.listen()
        yield door


@contextmanager
def process(
    place: Path, settings: Mapping[str, str], door: str
) -> Iterator[subprocess.Popen[bytes]]:
    """In a process group of its own, so that Ctrl-C reaches only us, and we stop it."""
    server = subprocess.Popen(
        # -s, and no environment's Python: what the bundle lacks must be missing.
        [original_python(), "-s", "vc__handler__python.py"],
        cwd=bundle.function(place),
        env={**environment(place, settings), "VERCEL_IPC_PATH": door},
        start_new_session=True,
    )
    try:
        yield server
    finally:
        stop(server)


def environment(place: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """As there: the project's variables, then vercel.json's, then the platform's own."""
    own = {name: value for name, value in settings.items() if not name.startswith(NOT_OURS)}
    return {
        **own,
        **bundle.config(place)["env"],
        **bundle.settings(place)["environment"],
        "TZ": ":UTC",
        "VERCEL": "1",
        "VERCEL_ENV": "development",
        "VERCEL_REGION": bundle.config(place)["regions"][0],
    }


def accepted(door: socket.socket, server: subprocess.Popen[bytes]) -> socket.socket:
    """The runtime's line to its platform."""
    door.settimeout(0.1)
    end = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < end:
        with contextlib.suppress(TimeoutError):
            return door.accept()[0]
    raise Trouble("Vercel's runtime did not start; its last words stand above.")


def messages(line: socket.socket) -> Iterator[Message]:
    """What the runtime says, until it ends: JSON, each closed by a zero."""
    line.settimeout(None)
    said = b""
    with line:
        while data := line.recv(65536):
            *whole, said = (said + data).split(b"\0")
            yield from map(json.loads, whole)


def until_started(told: Iterator[Message]) -> Message:
    for message in told:
        if message["type"] == "server-started":
            payload: Message = message["payload"]
            return payload
        if message["type"] == "unrecoverable-error":
            raise Trouble(f"The function does not start: {message['payload']['message']}")
    raise Trouble("The function ended before it had started; its last words stand above.")


def log(told: Iterator[Message]) -> None:
    """Show what the function prints, which Vercel would keep."""
    for message in told:
        if message["type"] == "log":
            os.write(sys.stderr.fileno(), base64.b64decode(message["payload"]["message"]))
