"""What may happen to whatever can be shared with a team."""

from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import multiple, rule
from psycopg2.extensions import cursor

from tests import contract_shared
from tests.contract_callers import Call
from tests.contract_chosen import Id
from tests.contract_machine import calls, documents, guards, tasks, teams
from tests.contract_model import Guard, Row
from tests.contract_rules_people import PeopleRules
from tests.contract_shared import Change, Kind

STAY = "stay"
WORDS = st.sampled_from(["fern", "oak", "zinc"])
TEXTS = st.sampled_from(["", "oak", "fern zinc"])
spaces = st.just(STAY) | st.none() | teams
"""The team that a row is to be in, or none, or what it is in."""


def news(fields: dict[str, Any]) -> st.SearchStrategy[list[Row]]:
    new = st.fixed_dictionaries({"title": WORDS}, optional=fields)
    return st.lists(new, min_size=1, max_size=3)


def patches(fields: dict[str, Any]) -> st.SearchStrategy[list[Row]]:
    patch = st.fixed_dictionaries({}, optional={"title": WORDS, **fields})
    return st.lists(patch, min_size=1, max_size=2)


class RowRules(PeopleRules):
    def __init__(self, sql: cursor) -> None:
        super().__init__(sql)
        self.kinds: dict[Id, Kind] = {}

    def add(self, call: Call, kind: Kind, new: list[Row], team: Id | str | None) -> Any:
        """One alone, or a batch, of which the last is the one in the team."""
        new = [*new[:-1], new[-1] | ({} if team == STAY else {"team_id": team})]
        if len(new) == 1:
            do = partial(contract_shared.add, kind=kind, new=new[0])
            ids = self.added(kind.name, call, "POST", kind.name, do, new[0])
        else:
            do = partial(contract_shared.add_batch, kind=kind, news=new)
            path, body = f"{kind.name}/batch", {"items": new}
            ids = self.added(kind.name, call, "POST", path, do, body)
        self.kinds.update(dict.fromkeys(ids, kind))
        return multiple(*ids)

    def change(
        self, call: Call, kind: Kind, ids: tuple[Id, Id], patch: list[Row], team: Any, guard: Guard
    ) -> None:
        """One alone, or a batch of two, of which the last is the one that is moved."""
        patch = [*patch[:-1], patch[-1] | ({} if team == STAY else {"team_id": team})]
        distinct = [*dict.fromkeys(ids)]
        changes = [
            Change(id, values, self.version(kind.name, id, guard))
            for id, values in zip(distinct, patch, strict=False)
        ]
        if len(changes) == 1:
            [one] = changes
            do = partial(contract_shared.change, kind=kind, to=one)
            self.write(call, "PATCH", f"{kind.name}/{one.id}", do, one.patch, one.guard)
            return
        body = {"items": [item(each) for each in changes]}
        batch = partial(contract_shared.change_batch, kind=kind, changes=changes)
        self.write(call, "PATCH", f"{kind.name}/batch", batch, body)

    @rule(call=calls, id=tasks | documents, guard=guards, permanent=st.booleans())
    def delete(self, call: Call, id: Id, guard: Guard, *, permanent: bool) -> None:
        kind = self.kinds[id]
        to = self.version(kind.name, id, guard)
        do = partial(contract_shared.delete, kind=kind, id=id, guard=to, permanent=permanent)
        path = f"{kind.name}/{id}?permanent={str(permanent).lower()}"
        self.write(call, "DELETE", path, do, guard=to)

    @rule(call=calls, id=tasks | documents, guard=guards)
    def restore(self, call: Call, id: Id, guard: Guard) -> None:
        kind = self.kinds[id]
        to = self.version(kind.name, id, guard)
        do = partial(contract_shared.restore, kind=kind, id=id, guard=to)
        self.write(call, "POST", f"{kind.name}/{id}/restore", do, guard=to)


def item(change: Change) -> Row:
    guard = {"version": change.guard} if isinstance(change.guard, int) else {}
    return {"id": change.id, **guard, **change.patch}
