"""What takes time: every change is a row of operations, done one after the other in a thread."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event, Thread

from dev.neon.project.api_faults import ApiFaults
from dev.neon.project.records import Operation

Work = Callable[[], object]


@dataclass
class Step:
    operation: Operation
    work: Work


class Worker:
    """Does steps; when one fails, the steps that were to follow it are cancelled.

    `saved` is called after every change of an operation.
    """

    def __init__(self, faults: ApiFaults, saved: Callable[[], None]) -> None:
        self._faults = faults
        self._saved = saved
        self._queue: SimpleQueue[list[Step] | None] = SimpleQueue()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="neon-operations", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the step finish that is being done; those after it stay undone."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join()

    def schedule(self, steps: list[Step]) -> None:
        self._queue.put(steps)

    def _run(self) -> None:
        while (steps := self._queue.get()) is not None:
            for place, step in enumerate(steps):
                if self._stopping.is_set():
                    return
                if not self._do(step):
                    cancel(later.operation for later in steps[place + 1 :])
                    break
            self._saved()

    def _do(self, step: Step) -> bool:
        begun = time.monotonic()
        self._tell(step, "running")
        try:
            self._stopping.wait(self._faults.operation_seconds)
            self._faults.strike()
            step.work()
        except Exception as error:  # noqa: BLE001  whatever it is, the caller reads it in the API
            step.operation.change(error=str(error), failures_count=1)
        took = round((time.monotonic() - begun) * 1000)
        step.operation.change(total_duration_ms=took)
        self._tell(step, "failed" if step.operation.error else "finished")
        return step.operation.error is None

    def _tell(self, step: Step, status: str) -> None:
        step.operation.change(status=status)
        self._saved()


def cancel(operations: Iterable[Operation]) -> None:
    for operation in operations:
        if operation.unfinished:
            operation.change(status="cancelled")
