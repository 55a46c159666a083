"""What can be done to a branch: made, changed, reset, deleted. Each raises the Refusal due."""

from functools import partial
from typing import NamedTuple

from dev.neon.api.wishes import (
    BranchValues,
    NewBranch,
    NewBranchValues,
    NewEndpoint,
    Restore,
    refuse_history,
)
from dev.neon.project import branch_works
from dev.neon.project.operations import Work
from dev.neon.project.project import Project
from dev.neon.project.records import Branch, Endpoint, Operation
from dev.neon.project.refusals import name_taken, unprocessable
from dev.neon.project.state import State


class Changed(NamedTuple):
    branch: Branch
    operations: list[Operation]


def create_branch(project: Project, wish: NewBranch) -> Changed:
    values = wish.branch
    refuse_history(values.parent_lsn, values.parent_timestamp)
    with project.exclusively() as state:
        parent = state.made(values.parent_id or state.default.id)
        if parent.expires_at and values.init_source == "parent-data":
            raise unprocessable("a branch that expires cannot have children")
        refuse_name(state, values.name)
        project.faults.admit_branch(len(state.branches))
        branch = new_branch(parent, values)
        branch.annotation = wish.annotation_value
        state.add(branch, *(new_endpoint(branch, wanted) for wanted in wish.endpoints))
        state.inherit(branch.id, parent.id, secrecy=parent.protected)
        fill = partial(branch_works.fill, project, branch.id, parent.id)
        works: dict[str, Work] = {"create_branch": fill}
        if wish.endpoints:
            works["start_compute"] = partial(project.wake, branch.id)
        return Changed(branch, project.schedule(branch, **works))


def new_branch(parent: Branch, values: NewBranchValues) -> Branch:
    branch = Branch(
        project_id=parent.project_id,
        # Without its rows it is no moment of the parent's: on Neon it is a root of its own.
        parent_id=parent.id if values.init_source == "parent-data" else None,
        init_source=values.init_source,
        protected=bool(values.protected),
        name=values.name or "",
    )
    branch.name = branch.name or branch.id
    branch.expire(values.expires_at)
    return branch


def new_endpoint(branch: Branch, wish: NewEndpoint) -> Endpoint:
    return Endpoint(
        project_id=branch.project_id,
        branch_id=branch.id,
        suspend_timeout_seconds=wish.suspend_timeout_seconds,
    )


def change_branch(project: Project, id: str, values: BranchValues) -> Changed:
    with project.exclusively() as state:
        branch = state.branch(id)
        if values.name not in {None, branch.name}:
            refuse_name(state, values.name)
        if values.expires_at and (branch.default or branch.protected or state.children(id)):
            raise unprocessable("a default, protected or parent branch cannot expire")
        branch.change(
            name=values.name or branch.name,
            protected=branch.protected if values.protected is None else values.protected,
        )
        if "expires_at" in values.model_fields_set:
            branch.expire(values.expires_at)
        return Changed(branch, [])


def restore_branch(project: Project, id: str, wish: Restore) -> Changed:
    """Give a branch the present state of another; its endpoint, and so its address, stays."""
    refuse_history(wish.source_lsn, wish.source_timestamp)
    with project.exclusively() as state:
        branch, source = state.made(id), state.made(wish.source_branch_id)
        if branch is source:
            raise unprocessable("this stand-in keeps no history: a branch has no earlier state")
        if branch.protected:
            raise unprocessable("cannot restore a protected branch")
        if wish.preserve_under_name is None and state.children(id):
            raise unprocessable("a branch with children needs preserve_under_name")
        if wish.preserve_under_name is not None:
            refuse_name(state, wish.preserve_under_name)
            project.faults.admit_branch(len(state.branches))
        reset = partial(branch_works.reset, project, id, source.id, wish.preserve_under_name)
        works: dict[str, Work] = {"create_branch": reset}
        if state.endpoint_of(id):
            sleep, wake = partial(project.suspend, id), partial(project.wake, id)
            works = {"suspend_compute": sleep, **works, "start_compute": wake}
        return Changed(branch, project.schedule(branch, **works))


def delete_branch(project: Project, id: str) -> Changed | None:
    """None where there is no such branch, or no longer."""
    with project.exclusively() as state:
        branch = state.branches.get(id)
        if branch is None:
            return None
        if branch.default:
            raise unprocessable("cannot delete the default branch")
        if branch.protected:
            raise unprocessable("cannot delete a protected branch")
        if state.children(id):
            raise unprocessable("cannot delete a branch that has children")
        works: dict[str, Work] = {"delete_timeline": partial(branch_works.erase, project, id)}
        if state.endpoint_of(id):
            works = {"suspend_compute": partial(project.suspend, id), **works}
        return Changed(branch, project.schedule(branch, **works))


def refuse_name(state: State, name: str | None) -> None:
    for branch in state.branches.values():
        if branch.name == name:
            raise name_taken(branch.name)
