"""The part of a branch's change that takes time, done by the worker: copying data and dropping it.

A branch's data is switched in one write of the state. Until then nothing has happened; what is
killed half-way is a directory that the state does not name, and swept away at the next start.
"""

from functools import partial

from dev.neon.computes.branches import Amendment
from dev.neon.computes.contents import empty_out, set_passwords
from dev.neon.project.project import Project
from dev.neon.project.records import Branch
from dev.neon.project.state import State


def fill(project: Project, id: str, source_id: str) -> None:
    """Give a new branch its data, without rows if it is to have none, and its own passwords."""
    state = project.state
    amendments: list[Amendment] = []
    if state.branch(id).init_source == "schema-only":
        amendments.append(empty_out)
    inherited = {role.password for role in state.roles_of(source_id)}
    own = {r.name: r.password for r in state.roles_of(id) if r.password not in inherited}
    if own:
        amendments.append(partial(set_passwords, passwords=own))
    copy = project.branches.copy(state.data[source_id], amendments)
    with project.changing():
        state.data[id] = copy


def reset(project: Project, id: str, source_id: str, preserve_under_name: str | None) -> None:
    """Give a branch new data and drop the old, or leave it to a new branch of the given name."""
    copy = project.branches.copy(project.state.data[source_id])
    with project.changing() as state:
        old = state.data[id]
        if preserve_under_name is not None:
            preserve(state, state.branch(id), preserve_under_name)
        state.data[id] = copy
        state.inherit(id, source_id)
        state.branch(id).restart(parent_id=source_id)
    project.branches.suspend(old)
    if preserve_under_name is None:
        project.branches.remove(old)


def preserve(state: State, branch: Branch, name: str) -> None:
    """A branch for the old data: the children's parent from now on."""
    kept = Branch(project_id=branch.project_id, parent_id=branch.parent_id, name=name)
    state.add(kept)
    state.data[kept.id] = state.data[branch.id]
    state.inherit(kept.id, branch.id)
    for child in state.children(branch.id):
        child.change(parent_id=kept.id)


def erase(project: Project, id: str) -> None:
    with project.changing() as state:
        data = state.data.get(id)
        state.forget(id)
    if data is not None:
        project.branches.remove(data)
