"""Endpoints as the front knows them: whose password is what, and where the compute is, awake."""

from collections.abc import Callable
from dataclasses import dataclass

from dev.neon.project.project import Project
from dev.neon.project.records import Endpoint
from dev.neon.project.refusals import Refusal
from dev.neon.proxy.endpoint import Refused
from dev.postgres import HOST

NOT_YET = (
    "Your project already has running operations. "
    "Please wait until they complete, and then try again."
)
DISABLED = "Control plane request failed: endpoint is disabled"


@dataclass
class Door:
    project: Project
    endpoint: Endpoint

    @property
    def id(self) -> str:
        return self.endpoint.id

    def password(self, role: str) -> str | None:
        try:
            return self.project.state.role(self.endpoint.branch_id, role).password
        except Refusal:
            return None

    def connect(self, *, pooled: bool) -> tuple[str, int]:
        if self.endpoint.disabled:
            raise Refused(DISABLED)
        if self.endpoint.branch_id not in self.project.state.data:
            raise Refused(NOT_YET)
        compute = self.project.wake(self.endpoint.branch_id)
        return HOST, compute.pooled if pooled else compute.direct


def door(project: Project) -> Callable[[str], Door | None]:
    """Finds the door of an endpoint by its id."""

    def find(id: str) -> Door | None:
        endpoint = project.state.endpoints.get(id)
        return Door(project, endpoint) if endpoint else None

    return find
