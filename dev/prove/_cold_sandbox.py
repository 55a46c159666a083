"""A sandbox: the deployed function in a process of its own, run, frozen and killed like theirs."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from dev import ROOT, Trouble
from dev.events import Request
from dev.lambda_function import TIMEOUT, Response

CHILD = Path(__file__).with_name("_cold_child.py")
START = 60.0
"""Seconds after which a sandbox that has not even begun counts as broken."""

GRACE = 0.1
"""Seconds that an answer may spend in our pipe."""

Kind = Literal["function", "usual", "driver"]
Times = dict[str, Any]


class Answer(NamedTuple):
    response: Response
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class Sandbox:
    """Lives as long as its block. It runs in that directory, where it leaves its log.

    Python's bytecode is kept there too: the first sandbox of a directory compiles what it imports.
    """

    def __init__(
        self, directory: Path, environ: Mapping[str, str], kind: Kind = "function"
    ) -> None:
        self._heard: queue.SimpleQueue[Times | None] = queue.SimpleQueue()
        self._begun: Times | None = None
        self._allowed = TIMEOUT
        self._log = directory / "function.log"
        self.spawned = time.monotonic()
        self._process = start(directory, environ, kind, self._log)
        self._requests: Any = self._process.stdin
        self._answers: Any = self._process.stdout
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def ready(self) -> Times:
        """When it began, and when it had imported the door; raises Trouble where it has died."""
        self._begun = self._begun or self._next(START)
        if self._begun is None:
            said = self._log.read_text(errors="replace").splitlines()[-8:]
            raise Trouble("\n".join(["The function does not start.", *said]))
        return self._begun

    def ask(self, request: Request, timeout: float = TIMEOUT) -> None:
        """Invoke it; it notices when it is ready and has answered what came before."""
        method, target, headers, body = request
        line = json.dumps([method, target, headers, body.decode(), timeout])
        with suppress(BrokenPipeError, ValueError):  # the dead do not answer, which is heard
            self._requests.write(f"{line}\n".encode())
            self._requests.flush()
        self._allowed = timeout

    def hear(self) -> Answer | None:
        """The answer; None, and the end of the sandbox, where there is none within its timeout."""
        self.ready()
        heard = self._next(self._allowed + GRACE)
        if heard is None:
            self.kill()
            return None
        headers = [(name, value) for name, value in heard["headers"]]
        response = Response(heard["status"], headers, heard["body"].encode())
        return Answer(response, heard["began"], heard["ended"])

    def send(self, request: Request, timeout: float = TIMEOUT) -> Answer | None:
        self.ask(request, timeout)
        return self.hear()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()
        self._answers.close()
        with suppress(BrokenPipeError):  # there may be something that it has not read
            self._requests.close()

    def _listen(self) -> None:
        for line in self._answers:
            self._heard.put(json.loads(line))
        self._heard.put(None)

    def _next(self, seconds: float) -> Times | None:
        try:
            return self._heard.get(timeout=seconds)
        except queue.Empty:
            return None


def start(
    directory: Path, environ: Mapping[str, str], kind: Kind, log: Path
) -> subprocess.Popen[bytes]:
    ours = {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(directory / "bytecode")}
    with log.open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "-P", CHILD, kind],
            cwd=directory,  # away from the checkout, whose .env would have a say
            env={**os.environ, **environ, **ours, "PYTHONDONTWRITEBYTECODE": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for us, who end things in their order
        )
