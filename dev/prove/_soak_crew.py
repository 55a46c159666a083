"""Processes of ours that get orders and report a JSON value a line, until we hang up."""

import importlib
import json
import os
import select
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import IO, Any, NamedTuple, Self, cast

from dev import ROOT, Trouble

READY = "ready"


class Member(NamedTuple):
    process: subprocess.Popen[str]
    orders: IO[str]
    reports: IO[str]


class Crew:
    """So many processes of one module. They notice our end, whatever it is, and end too."""

    def __init__(self, module: str, size: int, log: Path, environ: dict[str, str]) -> None:
        self.heard: list[Any] = []
        """What they have reported so far, to everybody who looks."""
        self.size, self._module, self._log = size, module, log
        self._environ = os.environ | environ | {"PYTHONPATH": str(ROOT)}
        self._members: list[Member] = []
        self._listeners: list[Thread] = []

    def __enter__(self) -> Self:
        """Return when all are ready for orders."""
        try:
            for _ in range(self.size):
                self._members.append(self._start())
            self._await_ready()
        except BaseException:  # Ctrl-C too must leave nobody behind
            self._kill()
            raise
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Let each finish what it is doing, and hear it out; after an error wait for nobody."""
        if kind is not None:
            self._kill()
        for member in self._members:
            member.orders.close()
        for listener in self._listeners:
            listener.join()
        for member in self._members:
            member.process.wait()
            member.reports.close()

    def order(self, orders: list[Any]) -> None:
        """To each its own."""
        for member, order in zip(self._members, orders, strict=True):
            member.orders.write(f"{json.dumps(order)}\n")
            member.orders.flush()
            listener = Thread(target=self._listen, args=(member,), daemon=True)
            listener.start()
            self._listeners.append(listener)

    def check(self) -> None:
        """Raise Trouble where one has failed."""
        if any(member.process.poll() for member in self._members):
            raise self._trouble()

    def _start(self) -> Member:
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                env=self._environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C is for us, who end things in their order
            )
        return Member(process, cast("IO[str]", process.stdin), cast("IO[str]", process.stdout))

    def _await_ready(self) -> None:
        for member in self._members:
            if not member.reports.readline():
                raise self._trouble()

    def _listen(self, member: Member) -> None:
        for line in member.reports:
            self.heard.append(json.loads(line))

    def _trouble(self) -> Trouble:
        said = self._log.read_text().splitlines()[-8:]
        return Trouble("\n".join([f"{self._module} has failed.", *said]))

    def _kill(self) -> None:
        for member in self._members:
            member.process.kill()


def receive() -> Any:
    """A member's orders, given when it has imported the app, as Lambda does before any request.

    What the app prints is its log from now on; the pipe is for reports.
    """
    sys.stdout = sys.stderr
    importlib.import_module("app.aws")
    report(READY)
    return json.loads(sys.stdin.readline())


def report(value: Any) -> None:
    os.write(1, json.dumps(value).encode() + b"\n")


def hung_up() -> bool:
    """Whether nobody wants to hear more."""
    return bool(select.select([sys.stdin], [], [], 0)[0])
