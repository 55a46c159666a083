"""The API's paths of the project itself: there is one, and it does not change."""

from typing import Annotated

from fastapi import APIRouter, Query

from dev.neon.api import answers
from dev.neon.api.answers import Answer
from dev.neon.api.asked import Asked
from dev.neon.project.refusals import not_found

projects = APIRouter(prefix="/projects")
router = APIRouter(prefix="/projects/{project_id}")
Limit = Annotated[int, Query(ge=1, le=1000)]


@projects.get("")
def list_projects(project: Asked, search: str = "") -> Answer:
    record = project.state.project
    found = [answers.show(record)] if search in record.name or search in record.id else []
    return {"projects": found, "applications": {}, "integrations": {}}


@router.get("")
def get_project(project: Asked) -> Answer:
    return {"project": answers.show(project.state.project)}


@router.get("/operations")
def list_operations(project: Asked, limit: Limit = 100, cursor: str | None = None) -> Answer:
    """The newest first; the cursor is the last operation's id."""
    newest = project.state.operations[::-1]
    ids = [operation.id for operation in newest]
    begin = ids.index(cursor) + 1 if cursor in ids else 0
    page = newest[begin : begin + limit]
    more = {"pagination": {"cursor": page[-1].id, "limit": limit}} if page else {}
    return {"operations": answers.operations(page), **more}


@router.get("/operations/{operation_id}")
def get_operation(project: Asked, operation_id: str) -> Answer:
    for operation in project.state.operations:
        if operation.id == operation_id:
            return {"operation": answers.show(operation)}
    raise not_found("operation")


@router.get("/connection_uri")
def get_connection_uri(
    project: Asked,
    database_name: str,
    role_name: str,
    branch_id: str | None = None,
    endpoint_id: str | None = None,
    pooled: bool = False,  # noqa: FBT001, FBT002  a query parameter
) -> Answer:
    state = project.state
    branch = state.branch(branch_id) if branch_id else state.default
    endpoint = state.endpoint(endpoint_id) if endpoint_id else state.endpoint_of(branch.id)
    if endpoint is None:
        raise not_found("endpoint")
    role = state.role(endpoint.branch_id, role_name)
    database = state.database(endpoint.branch_id, database_name)
    return {"uri": project.uri(endpoint, role, database.name, pooled=pooled)}
