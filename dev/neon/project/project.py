"""A project at work: its records, its branches' data, and the one worker that changes them."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import RLock

from dev.neon.computes.branches import Branches
from dev.neon.computes.compute import VERSION, Compute
from dev.neon.computes.contents import found
from dev.neon.project.addresses import uri
from dev.neon.project.api_faults import ApiFaults
from dev.neon.project.names import new_password, two_words
from dev.neon.project.operations import Step, Work, Worker, cancel
from dev.neon.project.records import Branch, Database, Endpoint, Operation, ProjectRecord, Role
from dev.neon.project.refusals import busy
from dev.neon.project.state import State

BRANCH, ROLE, DATABASE = "main", "neondb_owner", "neondb"


class Project:
    """Every change goes through `changing` or `exclusively`, which save it."""

    def __init__(self, file: Path, branches: Branches, faults: ApiFaults) -> None:
        self.faults = faults
        self.branches = branches
        self.state = State.load(file) if file.exists() else new_state()
        self.port = 5432  # until we know the front's
        self._file = file
        self._lock = RLock()
        self._worker = Worker(faults, self.save)

    def start(self) -> None:
        """Go on where the last process ended, be it half-way through an operation."""
        with self.changing() as state:
            cancel(state.operations)
            main = state.default.id
            for id in state.branches.keys() - state.data.keys() - {main}:
                state.forget(id)
            self.branches.keep_only(state.data.values())
            if main not in state.data:
                password = state.role(main, ROLE).password
                first = partial(found, role=ROLE, password=password, database=DATABASE)
                state.data[main] = self.branches.make(first)
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop()

    @contextmanager
    def changing(self) -> Iterator[State]:
        with self._lock:
            yield self.state
            self.state.save(self._file)

    @contextmanager
    def exclusively(self) -> Iterator[State]:
        """Raises the Refusal 423 while operations are under way."""
        with self.changing() as state:
            if any(operation.unfinished for operation in state.operations):
                raise busy()
            yield state

    def save(self) -> None:
        with self.changing():
            pass

    def schedule(self, branch: Branch, **works: Work) -> list[Operation]:
        """Have works done one after the other, each an operation named by its keyword."""
        endpoint = self.state.endpoint_of(branch.id)
        steps = [
            Step(
                Operation(
                    project_id=branch.project_id,
                    branch_id=branch.id,
                    endpoint_id=endpoint.id if endpoint and "compute" in action else None,
                    action=action,
                ),
                work,
            )
            for action, work in works.items()
        ]
        operations = [step.operation for step in steps]
        self.state.add(*operations)
        answer = [operation.model_copy() for operation in operations]
        self._worker.schedule(steps)
        return answer

    def wake(self, branch_id: str) -> Compute:
        return self.branches.wake(self.state.data[self.state.made(branch_id).id])

    def awake(self, branch_id: str) -> bool:
        data = self.state.data.get(branch_id)
        return data is not None and self.branches.compute(data).running

    def suspend(self, branch_id: str) -> None:
        """A branch that was never made has nothing to suspend."""
        if branch_id in self.state.data:
            self.branches.suspend(self.state.data[branch_id])

    def uri(
        self, endpoint: Endpoint, role: Role, database: str, *, pooled: bool, **other: str
    ) -> str:
        return uri(endpoint, role, database, pooled=pooled, port=self.port, **other)


def new_state() -> State:
    """A new project has one branch with one role and one database, as on Neon."""
    project = ProjectRecord(id=f"{two_words()}-{secrets.randbelow(10**8):08}", pg_version=VERSION)
    branch = Branch(project_id=project.id, name=BRANCH, default=True, primary=True)
    endpoint = Endpoint(project_id=project.id, branch_id=branch.id)
    return State(
        project=project,
        branches={branch.id: branch},
        endpoints={endpoint.id: endpoint},
        roles=[Role(branch_id=branch.id, name=ROLE, password=new_password())],
        databases=[Database(id=1, branch_id=branch.id, name=DATABASE, owner_name=ROLE)],
    )
