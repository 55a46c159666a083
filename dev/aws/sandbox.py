"""Lambda's sandbox: starts the function's process, gives it events, and ends it when time is up."""

import json
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from dev.aws import PYTHON
from dev.aws.process import FunctionError, Process
from dev.aws.runtime_api import NEXT, RESTORE
from dev.lambda_function import HANDLER, TIMEOUT, Context

START = {"on-demand": 10.0, "snap-start": 130.0}
"""Seconds that Lambda gives a function to start, by what comes then: an event, or a snapshot."""

WAKE = 10.0
"""Seconds that it gives one to come back from its snapshot."""


@contextmanager
def unzipped(path: Path) -> Iterator[Path]:
    """The zip's files, in a folder that is there as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="thaw-function-") as folder:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        yield Path(folder)


def environment(root: Path, handler: str, own: Mapping[str, str]) -> dict[str, str]:
    """All that a function's process gets: what Lambda sets, and the function's own variables.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    # Over 20 lines: one environment, a variable each.
    return {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python{}.{}".format(*PYTHON),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": Context.memory_limit_in_mb,
        "AWS_LAMBDA_FUNCTION_NAME": Context.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": Context.function_version,
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_GROUP_NAME": Context.log_group_name,
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "AWS_LAMBDA_LOG_STREAM_NAME": Context.log_stream_name,
        "AWS_REGION": "us-east-1",
        "LAMBDA_TASK_ROOT": str(root),
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",  # there the function's folder cannot be written to
        "TZ": ":UTC",
        "_HANDLER": handler,
        **own,
    }


class Sandbox:
    """One function of an unzipped bundle, for as long as the block lasts; one event at a time.

    A process that has died is replaced at the next event. Log lines go to the file, or to stderr.
    """

    init_seconds = 0.0
    """From the process's birth until it asked for an event, or was ready for its snapshot."""

    restore_seconds = 0.0
    """From its awakening until it asked for an event."""

    seconds = 0.0
    """From the last event until its answer."""

    def __init__(
        self,
        root: Path,
        own: Mapping[str, str],
        handler: str = HANDLER,
        *,
        timeout: float = TIMEOUT,
        snap_start: bool = False,
        log: Path | None = None,
    ) -> None:
        self._root, self._timeout, self._log = root, timeout, log
        self._kind = "snap-start" if snap_start else "on-demand"
        kind = {"AWS_LAMBDA_INITIALIZATION_TYPE": self._kind}
        self._environment = environment(root, handler, own) | kind
        self.process: Process | None = None
        self._sleeps = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process and self.process.alive:
            self.process.end()

    def start(self) -> Process:
        """Start a process; raises FunctionError where it cannot import its handler.

        With SnapStart it stops where its snapshot would be taken, until the first event.
        """
        self.process = Process(self._root, self._environment, self._log)
        self._sleeps = self._kind == "snap-start"
        try:
            heard = self.process.expect(RESTORE if self._sleeps else NEXT, START[self._kind])
        except BaseException:  # Ctrl-C too: where a block has not begun, nobody ends it
            self.__exit__()
            raise
        self.init_seconds = heard.at - self.process.born
        return self.process

    def invoke(self, event: Any) -> Any:
        """What the function returns for an event; raises FunctionError where it fails.

        The timeout does not count what the process takes to start.
        """
        process = self._living()
        if self._sleeps:
            self.restore()
        given = time.monotonic()
        process.api.invoke(event, self._timeout)
        try:
            heard = process.expect("response", self._timeout)
            self.seconds = heard.at - given
            return json.loads(heard.body)
        finally:
            if process.alive:
                with suppress(FunctionError):  # the next event will have a process of its own
                    process.expect(NEXT, self._timeout)

    def restore(self) -> None:
        """Wake it from its snapshot, which here it has never left."""
        process, begun = self._living(), time.monotonic()
        process.api.restore()
        self.restore_seconds = process.expect(NEXT, WAKE).at - begun
        self._sleeps = False

    def _living(self) -> Process:
        return self.process if self.process and self.process.alive else self.start()
