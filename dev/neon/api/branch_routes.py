"""The API's paths of branches, and of the roles, databases and schemas inside them."""

from fastapi import APIRouter, Response

from dev.neon.api import answers
from dev.neon.api.answers import Answer
from dev.neon.api.asked import Asked
from dev.neon.api.pages import Page, cut
from dev.neon.api.wishes import BranchChange, NewBranch, Restore
from dev.neon.computes.schemas import difference, schema_of
from dev.neon.project.branch_changes import (
    Changed,
    change_branch,
    create_branch,
    delete_branch,
    restore_branch,
)
from dev.neon.project.project import Project

router = APIRouter(prefix="/projects/{project_id}/branches")


@router.get("")
def list_branches(project: Asked, page: Page) -> Answer:
    found = project.state.search(page.search)
    shown, pagination = cut([answers.branch(project, record) for record in found], page)
    annotations = {record.id: answers.annotation(record) for record in found if record.annotation}
    return {"branches": shown, "annotations": annotations, "pagination": pagination}


@router.get("/count")
def count_branches(project: Asked, search: str = "") -> Answer:
    return {"count": len(project.state.search(search))}


@router.post("", status_code=201)
def add_branch(project: Asked, wish: NewBranch | None = None) -> Answer:
    made = create_branch(project, wish or NewBranch())
    id, state = made.branch.id, project.state
    endpoint = state.endpoint_of(id)
    return {
        **changed(project, made),
        "endpoints": [answers.endpoint(project, endpoint)] if endpoint else [],
        "roles": [answers.role(role) for role in state.roles_of(id)],
        "databases": [answers.show(database) for database in state.databases_of(id)],
        **answers.connection(project, endpoint),
    }


@router.get("/{branch_id}")
def get_branch(project: Asked, branch_id: str) -> Answer:
    record = project.state.branch(branch_id)
    return {"branch": answers.branch(project, record), "annotation": answers.annotation(record)}


@router.patch("/{branch_id}")
def patch_branch(project: Asked, branch_id: str, wish: BranchChange) -> Answer:
    return changed(project, change_branch(project, branch_id, wish.branch))


@router.delete("/{branch_id}", response_model=None)
def remove_branch(project: Asked, branch_id: str) -> Answer | Response:
    gone = delete_branch(project, branch_id)
    return changed(project, gone) if gone else Response(status_code=204)


@router.post("/{branch_id}/restore")
def restore(project: Asked, branch_id: str, wish: Restore) -> Answer:
    return changed(project, restore_branch(project, branch_id, wish))


@router.get("/{branch_id}/roles")
def list_roles(project: Asked, branch_id: str) -> Answer:
    id = project.state.branch(branch_id).id
    return {"roles": [answers.role(role) for role in project.state.roles_of(id)]}


@router.get("/{branch_id}/roles/{name}")
def get_role(project: Asked, branch_id: str, name: str) -> Answer:
    return {"role": answers.role(project.state.role(project.state.branch(branch_id).id, name))}


@router.get("/{branch_id}/roles/{name}/reveal_password")
def reveal_password(project: Asked, branch_id: str, name: str) -> Answer:
    return {"password": project.state.role(project.state.branch(branch_id).id, name).password}


@router.get("/{branch_id}/databases")
def list_databases(project: Asked, branch_id: str) -> Answer:
    id = project.state.branch(branch_id).id
    return {"databases": [answers.show(one) for one in project.state.databases_of(id)]}


@router.get("/{branch_id}/databases/{name}")
def get_database(project: Asked, branch_id: str, name: str) -> Answer:
    id = project.state.branch(branch_id).id
    return {"database": answers.show(project.state.database(id, name))}


@router.get("/{branch_id}/endpoints")
def list_endpoints(project: Asked, branch_id: str) -> Answer:
    endpoint = project.state.endpoint_of(project.state.branch(branch_id).id)
    return {"endpoints": [answers.endpoint(project, endpoint)] if endpoint else []}


@router.get("/{branch_id}/schema")
def get_schema(project: Asked, branch_id: str, db_name: str) -> Answer:
    return {"sql": schema_of(project, branch_id, db_name)}


@router.get("/{branch_id}/compare_schema")
def compare_schema(
    project: Asked, branch_id: str, db_name: str, base_branch_id: str | None = None
) -> Answer:
    """Against the parent, unless another base is named."""
    state = project.state
    branch = state.branch(branch_id)
    base = state.branch(base_branch_id or branch.parent_id or state.default.id)
    before, after = (schema_of(project, one.id, db_name) for one in (base, branch))
    return {"diff": difference(before, after, base.name, branch.name)}


def changed(project: Project, change: Changed) -> Answer:
    return {
        "branch": answers.branch(project, change.branch),
        "operations": answers.operations(change.operations),
    }
