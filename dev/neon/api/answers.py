"""Records as the API shows them: with states read off what is there now, and without secrets."""

from typing import Any

from pydantic import BaseModel

from dev.neon.project.names import host
from dev.neon.project.project import Project
from dev.neon.project.records import Branch, Endpoint, Operation, Role

Answer = dict[str, Any]


def show(record: BaseModel, **more: Any) -> Answer:
    return {**record.model_dump(mode="json", exclude_none=True), **more}


def branch(project: Project, record: Branch) -> Answer:
    made = record.id in project.state.data
    working = any(
        operation.unfinished and operation.action == "create_branch"
        for operation in project.state.operations
        if operation.branch_id == record.id
    )
    shown = show(
        record,
        current_state="init" if not made else "resetting" if working else "ready",
        **({"pending_state": "ready"} if working else {}),
    )
    del shown["annotation"]  # it has a place of its own in the answers
    return shown


def endpoint(project: Project, record: Endpoint) -> Answer:
    made = record.branch_id in project.state.data
    asleep = "idle" if made else "init"
    return show(record, current_state="active" if project.awake(record.branch_id) else asleep)


def role(record: Role) -> Answer:
    shown = show(record)
    del shown["password"]
    return shown


def operations(records: list[Operation]) -> list[Answer]:
    return [show(record) for record in records]


def connection(project: Project, endpoint: Endpoint | None) -> Answer:
    """How to connect; Neon does not say it where there is more than one way."""
    if endpoint is None:
        return {}
    roles = project.state.roles_of(endpoint.branch_id)
    databases = project.state.databases_of(endpoint.branch_id)
    if len(roles) != 1 or len(databases) != 1:
        return {}
    parameters = {
        "database": databases[0].name,
        "role": roles[0].name,
        "password": roles[0].password,
        "host": endpoint.host,
        "pooler_host": host(endpoint.id, pooled=True),
    }
    uri = project.uri(endpoint, roles[0], databases[0].name, pooled=False)
    return {"connection_uris": [{"connection_uri": uri, "connection_parameters": parameters}]}


def annotation(record: Branch) -> Answer:
    return {"object": {"type": "console/branch", "id": record.id}, "value": record.annotation}
