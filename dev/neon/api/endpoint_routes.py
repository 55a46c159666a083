"""The API's paths of endpoints: to see them, and to put their computes to sleep and wake them."""

from functools import partial

from fastapi import APIRouter

from dev.neon.api import answers
from dev.neon.api.answers import Answer
from dev.neon.api.asked import Asked
from dev.neon.project.operations import Work
from dev.neon.project.project import Project
from dev.neon.project.records import Operation

router = APIRouter(prefix="/projects/{project_id}/endpoints")


@router.get("")
def list_endpoints(project: Asked) -> Answer:
    return {"endpoints": [answers.endpoint(project, e) for e in project.state.endpoints.values()]}


@router.get("/{endpoint_id}")
def get_endpoint(project: Asked, endpoint_id: str) -> Answer:
    return {"endpoint": answers.endpoint(project, project.state.endpoint(endpoint_id))}


@router.post("/{endpoint_id}/start")
def start(project: Asked, endpoint_id: str) -> Answer:
    return ordered(project, endpoint_id, "start_compute")


@router.post("/{endpoint_id}/suspend")
def suspend(project: Asked, endpoint_id: str) -> Answer:
    return ordered(project, endpoint_id, "suspend_compute")


@router.post("/{endpoint_id}/restart")
def restart(project: Asked, endpoint_id: str) -> Answer:
    return ordered(project, endpoint_id, "suspend_compute", "start_compute")


def ordered(project: Project, endpoint_id: str, *actions: str) -> Answer:
    with project.exclusively() as state:
        endpoint = state.endpoint(endpoint_id)
        works: dict[str, Work] = {
            "start_compute": partial(project.wake, endpoint.branch_id),
            "suspend_compute": partial(project.suspend, endpoint.branch_id),
        }
        steps = {action: works[action] for action in actions}
        operations: list[Operation] = project.schedule(state.branch(endpoint.branch_id), **steps)
    return {
        "endpoint": answers.endpoint(project, endpoint),
        "operations": answers.operations(operations),
    }
