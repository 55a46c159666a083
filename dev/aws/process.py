"""A function's process under AWS's own runtime client, and the words for how it fails."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from dev import Trouble
from dev.aws import runtime_api
from dev.aws.installing import environment
from dev.aws.runtime_api import Heard, RuntimeApi

BESIDE = Path(__file__).with_name("requirements.txt")
"""What AWS puts beside every function: its runtime's client, and its SDK."""

STDERR = 2


class FunctionError(Trouble):
    """A function that failed, in the words that Lambda has for it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"The function failed: {kind}: {message}")
        self.kind, self.message = kind, message


def python() -> Path:
    """The Python that runs functions, with nothing in it but what Lambda has."""
    return environment(BESIDE) / "bin" / "python"


def spawn(
    command: list[str], root: Path, environ: Mapping[str, str], log: Path | None
) -> subprocess.Popen[bytes]:
    """Start a program in that folder; what it prints goes to the end of the log, or to stderr."""
    with ExitStack() as stack:
        said = stack.enter_context(log.open("ab")) if log else STDERR
        return subprocess.Popen(
            command,
            cwd=root,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for us, who end things in their order
        )


class Process:
    """Born at once, and dead at the latest when it is ended."""

    def __init__(self, root: Path, environ: Mapping[str, str], log: Path | None) -> None:
        command = [str(python()), "-m", "awslambdaric", environ["_HANDLER"]]
        self.api = RuntimeApi().__enter__()
        environ = {**environ, "AWS_LAMBDA_RUNTIME_API": self.api.address}
        self.born = time.monotonic()
        try:
            self._popen = spawn(command, root, environ, log)
        except BaseException:
            self.api.__exit__()
            raise
        self.pid, self.alive = self._popen.pid, True
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        self.api.tell(runtime_api.EXIT, str(self._popen.wait()).encode())

    def expect(self, what: str, seconds: float) -> Heard:
        """What it says next; raises FunctionError for anything else.

        It outlives no failure but an error of the handler, which it has reported itself.
        """
        heard = self.api.hear(seconds)
        if heard and heard.what == what:
            return heard
        if heard is None or heard.what != "error":
            self.end()
        raise failure(heard, seconds)

    def end(self) -> None:
        self.alive = False
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        self.api.__exit__()


def failure(heard: Heard | None, seconds: float) -> FunctionError:
    if heard is None:
        return FunctionError("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds")
    if heard.what == runtime_api.REFUSED:
        return FunctionError("Function.ResponseSizeTooLarge", runtime_api.TOO_LARGE)
    if heard.what == runtime_api.EXIT:
        code = int(heard.body)
        how = f"exit status {code}" if code >= 0 else f"signal: {signal.strsignal(-code)}"
        return FunctionError("Runtime.ExitError", f"Runtime exited with error: {how}")
    try:
        said = json.loads(heard.body)
        return FunctionError(said["errorType"], said["errorMessage"])
    except (ValueError, LookupError, TypeError):
        return FunctionError("Runtime.Unknown", f"{heard.what} where it should not be")
