"""AWS's own emulator of Lambda, which keeps the time, kills, and counts bytes as Lambda does.

https://github.com/aws/aws-lambda-runtime-interface-emulator, as the aws-sam-cli wheel brings it.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from dev import Trouble
from dev.aws import here
from dev.aws.installing import environment as installed
from dev.aws.process import FunctionError, python, spawn
from dev.aws.sandbox import environment
from dev.lambda_function import HANDLER, TIMEOUT

PINS = Path(__file__).with_name("emulator.txt")
INVOCATIONS = "/2015-03-31/functions/function/invocations"
PATIENCE = 10.0
"""Seconds until it listens; and what an answer may take beyond the timeout, for a start."""


class Emulator:
    """One function of an unzipped bundle, as long as the block lasts; it starts at its first event.

    Its log, and the emulator's own, go to the file, or to stderr.
    """

    def __init__(
        self,
        root: Path,
        own: Mapping[str, str],
        handler: str = HANDLER,
        *,
        timeout: float = TIMEOUT,
        log: Path | None = None,
    ) -> None:
        self._root, self._handler, self._timeout, self._log = root, handler, timeout, log
        limit = {"AWS_LAMBDA_FUNCTION_TIMEOUT": str(round(timeout))}
        self._environment = environment(root, handler, own) | limit

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # Both addresses: its own choice would be a port that everybody takes.
            self._address, runtime_api = stack.enter_context(held()), stack.enter_context(held())
            command = [str(program()), "--runtime-interface-emulator-address", self._address]
            command += ["--runtime-api-address", runtime_api, "--log-level", "warn"]
            command += [str(python()), "-m", "awslambdaric", self._handler]
            self.process = spawn(command, self._root, self._environment, self._log)
            stack.callback(self._end)
            self._await()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _end(self) -> None:
        self.process.terminate()  # it kills the function's process, which is in a group of its own
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _await(self) -> None:
        host, _, port = self._address.partition(":")
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise Trouble(f"AWS's emulator does not listen at {self._address}.")

    def invoke(self, event: Any) -> Any:
        """What the function returns for an event; raises FunctionError where it fails."""
        url = f"http://{self._address}{INVOCATIONS}"
        request = urllib.request.Request(url, json.dumps(event).encode())
        try:
            with urllib.request.urlopen(request, timeout=self._timeout + PATIENCE) as answer:  # noqa: S310
                return verdict(answer.read())
        except urllib.error.HTTPError as error:
            return verdict(error.read())


def program() -> Path:
    """The emulator for this machine; raises Trouble where there is none."""
    if sys.platform != "linux":
        raise Trouble("AWS's emulator runs on Linux only: use --runtime here.")
    found = installed(PINS).glob(f"lib/*/site-packages/samcli/local/rapid/aws-lambda-rie-{here()}")
    return next(found)


@contextmanager
def held() -> Iterator[str]:
    """An address for a program to listen at.

    The port is ours and nobody else is given it, but Linux lets a program listen there that names
    it, as long as we do not.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{holder.getsockname()[1]}"


def verdict(said: bytes) -> Any:
    """It tells a failure by its body alone, and one of them in plain text."""
    if said.startswith(b"Task timed out"):
        raise FunctionError("Sandbox.Timedout", said.decode())
    answer = json.loads(said)
    if isinstance(answer, dict) and {"errorType", "errorMessage"} <= answer.keys():
        raise FunctionError(answer["errorType"], answer["errorMessage"])
    return answer
