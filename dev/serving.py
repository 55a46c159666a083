"""Runs the API by uvicorn, as a child that ends with us, or at the latest when we come again."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dev import ROOT, STATE, Trouble
from dev.locks import claim
from dev.progress import note, step

PATIENCE = 30
"""Seconds until we stop waiting for the API's first answer; it takes two or three."""

CHILD = STATE / "uvicorn"
"""Holds the child's pid, and is locked by the child, who inherits the lock: until it is dead."""


def end_orphan() -> None:
    """End the uvicorn that a killed `thaw up` has left; only for who is the one `thaw up`."""
    end = time.monotonic() + 5
    with CHILD.open("a+") as lock:
        while not claim(lock):
            lock.seek(0)
            with suppress(OSError, ValueError):
                os.killpg(int(lock.read()), signal.SIGKILL)
            if time.monotonic() > end:
                raise Trouble(f"The API of a killed `thaw up` does not end: see {CHILD}.")
            time.sleep(0.02)


def free_port(host: str, wanted: int) -> int:
    """The one wanted, else the next that nobody has taken, and a word about it."""
    if not host:
        raise Trouble("Name a host: 127.0.0.1, or 0.0.0.0 to be seen by other machines.")
    for port in range(wanted, wanted + 20):
        if is_taken(host, port):
            continue
        if port != wanted:
            note(
                f"port {wanted} is taken by another program, perhaps `thaw up`: using {port}; "
                "--port names another"
            )
        return port
    raise Trouble(
        f"No free port from {wanted} to {wanted + 19}: name another with --port, or end what "
        "listens there."
    )


def is_taken(host: str, port: int) -> bool:
    """Raises Trouble where nobody can listen."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return True
        why = str(error.strerror).partition(" (while")[0]  # Python repeats the address
        raise Trouble(f"Nothing can listen at {host}, port {port}: {why}.") from None
    return False


@contextmanager
def serving(host: str, port: int, *, reload: bool) -> Iterator[subprocess.Popen[bytes]]:
    """Uvicorn in a process group of its own, so that Ctrl-C reaches only us, and we stop it."""
    command = [sys.executable, "-m", "uvicorn", "app.main:app", f"--host={host}", f"--port={port}"]
    command += ["--no-access-log", "--log-level=warning", "--timeout-graceful-shutdown=3"]
    command += ["--reload", "--reload-dir=app"] if reload else []
    with CHILD.open("a+") as lock:
        claim(lock)
        lock.truncate(0)
        kept = [lock.fileno()]
        server = subprocess.Popen(command, cwd=ROOT, start_new_session=True, pass_fds=kept)
        try:
            lock.write(str(server.pid))
            lock.flush()
            yield server
        finally:
            stop(server)


def stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    with suppress(subprocess.TimeoutExpired):
        server.wait(10)
    with suppress(ProcessLookupError):  # as it should be: nobody is left of its group
        os.killpg(server.pid, signal.SIGKILL)


def await_answer(server: subprocess.Popen[bytes], address: str) -> None:
    with step("starting the API"):
        end = time.monotonic() + PATIENCE
        while server.poll() is None and time.monotonic() < end:
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5).close()  # noqa: S310  ours
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise Trouble(f"The API did not answer at {address}/health; its last words stand above.")
