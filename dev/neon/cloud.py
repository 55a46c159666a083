"""The whole of Neon in one directory: the API, the front, and a compute for each branch."""

import secrets
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, Self

from dev import Trouble
from dev.locks import claim
from dev.neon.api.api import create_api
from dev.neon.api.server import Server
from dev.neon.computes.branches import Branches, Habits
from dev.neon.doors import door
from dev.neon.project.api_faults import ApiFaults
from dev.neon.project.project import BRANCH, DATABASE, ROLE, Project
from dev.neon.project.refusals import not_found
from dev.neon.project.upkeep import Upkeep
from dev.neon.proxy.certificates import Certificates
from dev.neon.proxy.faults import Faults
from dev.neon.proxy.front import Front
from dev.postgres import HOST


class Cloud:
    """One project, for one process at a time. Everything that it keeps is in its directory.

    A compute starts `wake_delay` seconds late, and sleeps when nobody has used it for
    `suspend_after` seconds (None: never by itself). Only durable data survives a power cut.
    """

    def __init__(
        self,
        directory: Path,
        *,
        wake_delay: float = 0.3,
        suspend_after: float | None = None,
        durable: bool = False,
    ) -> None:
        self.faults = Faults()
        self.api_faults = ApiFaults()
        self.directory = directory.absolute()
        self._habits = Habits(wake_delay, suspend_after, durable)
        self._running = ExitStack()

    def start(self) -> None:
        """Raises Trouble where another process uses the directory."""
        with ExitStack() as stack:
            self._take(stack)
            branches = Branches(self.directory / "branches", self._habits)
            stack.callback(branches.suspend_all)
            self.project = Project(self.directory / "state.json", branches, self.api_faults)
            self._certificates = Certificates(self.directory)
            front = Front(door(self.project), self._certificates, self.faults)
            self._server = Server(create_api(self.project, self.api_key, self.faults))
            begin(stack, self.project, front)
            self.project.port = front.port
            begin(stack, self._server, Upkeep(self.project))
            self.project.wake(self.project.state.default.id)
            self._running = stack.pop_all()

    def stop(self) -> None:
        """Stop every process; what is half done will be undone at the next start."""
        self._running.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def project_id(self) -> str:
        return self.project.state.project.id

    @property
    def api_url(self) -> str:
        """What Neon's clients take as their API host."""
        return f"http://{HOST}:{self._server.port}/api/v2"

    @property
    def api_key(self) -> str:
        """Made once, and readable by its owner only."""
        file = self.directory / "api.key"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(f"napi_{secrets.token_hex(24)}")
        return file.read_text()

    def url(self, *, pooled: bool, branch: str = BRANCH) -> str:
        """How programs on this machine connect: no name server, and no doubt whom they reach.

        Raises Refusal where no branch of that name has an endpoint.
        """
        state = self.project.state
        endpoint = state.endpoint_of(state.named(branch).id)
        if endpoint is None:
            raise not_found("endpoint")
        role = state.role(endpoint.branch_id, ROLE)
        authority = str(self._certificates.authority)
        ours = {"hostaddr": HOST, "sslmode": "verify-full", "sslrootcert": authority}
        return self.project.uri(endpoint, role, DATABASE, pooled=pooled, **ours)

    def _take(self, stack: ExitStack) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        owner = stack.enter_context((self.directory / "lock").open("a"))
        if not claim(owner):
            raise Trouble(f"The local Neon in {self.directory} is in use by another program.")


class Part(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...


def begin(stack: ExitStack, *parts: Part) -> None:
    """Start them in this order; the stack stops them in the other."""
    for part in parts:
        part.start()
        stack.callback(part.stop)
