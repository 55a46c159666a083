"""What must outlive the process: the project's records, and whose data is in which directory."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel

from dev import Trouble
from dev.neon.project.names import new_password
from dev.neon.project.records import Branch, Database, Endpoint, Operation, ProjectRecord, Role
from dev.neon.project.refusals import not_found, unprocessable

REMEMBERED = 500
"""How many operations are kept."""


class State(BaseModel):
    """Many threads read it: its lists and maps of records are replaced and never changed."""

    project: ProjectRecord
    branches: dict[str, Branch] = {}
    endpoints: dict[str, Endpoint] = {}
    operations: list[Operation] = []
    roles: list[Role] = []
    databases: list[Database] = []
    data: dict[str, str] = {}
    """The name of the directory that holds a branch's data. A branch comes to be, is reset or goes
    when this map changes; directories that it does not name are left-overs."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises Trouble where it is not what `save` wrote."""
        try:
            return cls.model_validate_json(path.read_text())
        except ValueError:
            raise Trouble(
                f"{path} is damaged: delete {path.parent} to begin anew, without its data."
            ) from None

    def save(self, path: Path) -> None:
        """Whole or not at all; for its owner only, since passwords are inside."""
        self.operations = self.operations[-REMEMBERED:]
        partial = path.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text(self.model_dump_json(indent=1))
        partial.replace(path)

    def add(self, *records: Branch | Endpoint | Operation | Role | Database) -> None:
        for record in records:
            match record:
                case Branch():
                    self.branches = {**self.branches, record.id: record}
                case Endpoint():
                    self.endpoints = {**self.endpoints, record.id: record}
                case Operation():
                    self.operations = [*self.operations, record]
                case Role():
                    self.roles = [*self.roles, record]
                case Database():
                    self.databases = [*self.databases, record]

    def branch(self, id: str) -> Branch:
        if id not in self.branches:
            raise not_found("branch")
        return self.branches[id]

    def made(self, id: str) -> Branch:
        """A branch that has its data."""
        if self.branch(id).id not in self.data:
            raise unprocessable("the branch has no data: its operations have not finished")
        return self.branches[id]

    def search(self, words: str) -> list[Branch]:
        """Those with the words in their name or id."""
        return [b for b in self.branches.values() if words in b.name or words in b.id]

    def named(self, name: str) -> Branch:
        for branch in self.branches.values():
            if branch.name == name:
                return branch
        raise not_found("branch")

    @property
    def default(self) -> Branch:
        return next(branch for branch in self.branches.values() if branch.default)

    def children(self, id: str) -> list[Branch]:
        return [branch for branch in self.branches.values() if branch.parent_id == id]

    def endpoint(self, id: str) -> Endpoint:
        if id not in self.endpoints:
            raise not_found("endpoint")
        return self.endpoints[id]

    def endpoint_of(self, branch_id: str) -> Endpoint | None:
        """A branch has one at most: read-only ones are not offered."""
        return next((e for e in self.endpoints.values() if e.branch_id == branch_id), None)

    def roles_of(self, branch_id: str) -> list[Role]:
        return [role for role in self.roles if role.branch_id == branch_id]

    def role(self, branch_id: str, name: str) -> Role:
        for role in self.roles_of(branch_id):
            if role.name == name:
                return role
        raise not_found("role")

    def databases_of(self, branch_id: str) -> list[Database]:
        return [database for database in self.databases if database.branch_id == branch_id]

    def database(self, branch_id: str, name: str) -> Database:
        for database in self.databases_of(branch_id):
            if database.name == name:
                return database
        raise not_found("database")

    def inherit(self, child_id: str, parent_id: str, *, secrecy: bool = False) -> None:
        """Give a branch the roles and databases of another; with secrecy, new passwords."""
        self.forget_contents(child_id)
        mine = {"branch_id": child_id}
        for role in self.roles_of(parent_id):
            password = new_password() if secrecy else role.password
            self.add(role.model_copy(update={**mine, "password": password}))
        self.add(*(one.model_copy(update=mine) for one in self.databases_of(parent_id)))

    def forget(self, id: str) -> None:
        self.forget_contents(id)
        self.endpoints = {key: e for key, e in self.endpoints.items() if e.branch_id != id}
        self.branches = {key: b for key, b in self.branches.items() if key != id}
        self.data.pop(id, None)

    def forget_contents(self, id: str) -> None:
        self.roles = [role for role in self.roles if role.branch_id != id]
        self.databases = [database for database in self.databases if database.branch_id != id]
