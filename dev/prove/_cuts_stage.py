"""Where cuts are made: a Neon of its own, the app of this process on it, and the truth beside."""

import importlib
import os
from collections.abc import Iterator
from contextlib import chdir, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from dev import Trouble
from dev.events import Request
from dev.lambda_function import TIMEOUT, Response, send
from dev.local import environment
from dev.neon.cloud import Cloud
from dev.neon.computes import pgbouncer
from dev.neon.here import unencrypted
from dev.neon.proxy.faults import Fault, Faults
from dev.prove._cuts_truth import Truth

HASTE = 0.8
"""Seconds that an invocation has where no try can succeed: it need not try for long."""

ESCAPED = b"Internal Server Error"
"""Mangum's own answer to what is no Exception, and so no problem of ours: Ctrl-C."""


class Stage(NamedTuple):
    faults: Faults
    truth: Truth

    def ask(
        self,
        request: Request,
        *faults: Fault,
        times: int | None = 1,
        cold: bool = False,
    ) -> Response:
        """Send one request, and let this happen to it and to nothing that comes after it."""
        if cold:
            self.forget()
        for fault in faults:
            self.faults.add(fault, times)
        try:
            answer = send(request, timeout=TIMEOUT if times else HASTE)
        finally:
            self.faults.clear()
        if answer.body == ESCAPED:
            raise Trouble("The app was interrupted.")
        return answer

    def forget(self) -> None:
        """What rests in the app's pool: the next request has to connect."""
        importlib.import_module("app.pool").forget()


@contextmanager
def stage() -> Iterator[Stage]:
    """Away from the checkout, whose .env would have a say."""
    if pgbouncer.program() is None:
        raise Trouble("No pgbouncer on PATH, and every connection that is cut leads to it.")
    with (
        TemporaryDirectory(prefix="thaw-") as directory,
        chdir(directory),
        Cloud(Path(directory) / "neon") as cloud,
    ):
        pooled, direct = cloud.url(pooled=True), cloud.url(pooled=False)
        # What is proven here is answered, not logged; thousands of warnings are expected.
        os.environ |= environment(pooled, direct) | {"LOG_LEVEL": "CRITICAL"}
        importlib.import_module("migrations.job").upgrade()
        with closing(Truth(unencrypted(direct))) as truth:
            yield Stage(cloud.faults, truth)
