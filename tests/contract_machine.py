"""Anybody does anything, in any order: the whole API as the steps of a story."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine
from psycopg2.extensions import cursor

from tests.contract_callers import PEOPLE, Call, Callers, Do, Request
from tests.contract_chosen import Id
from tests.contract_model import Guard

people = st.sampled_from([*PEOPLE, *PEOPLE[:3], "owner"])
calls = st.builds(Call, people, st.booleans())
guards = st.sampled_from([None, 0, "*", -1, None])
"""Any version will do, or the one that the row has, or one that it had before."""
NEVER = 99
"""A version that no row comes to have."""

teams = Bundle("teams")
tasks = Bundle("tasks")
documents = Bundle("documents")
talks = Bundle("talks")
messages = Bundle("messages")


class Story(RuleBasedStateMachine):
    def __init__(self, sql: cursor) -> None:
        super().__init__()
        self.sql, self.callers, self.requests = sql, Callers(sql), 0

    def write(
        self,
        call: Call,
        method: str,
        path: str,
        do: Do,
        body: Any = None,
        guard: Guard = None,
    ) -> bool:
        """Whether it was done."""
        self.requests += 1
        key = f"key-{self.requests}" if call.keyed else None
        request = Request(call.who, method, path, body, guard, key)
        if key:
            self.callers.sent.append((request, do))
        return self.callers.write(request, do)

    def added(self, kind: str, *args: Any) -> list[Id]:
        """The ids of the rows that a write adds."""
        before = {*self.callers.world.rows(kind)}
        self.write(*args)
        return [id for id in self.callers.world.rows(kind) if id not in before]

    def version(self, kind: str, id: Id, guard: Guard) -> Guard:
        """What If-Match says: `guard` is how far off the row's version it is."""
        row = self.callers.world.rows(kind).get(id, {"version": 1})
        return (row["version"] + guard or NEVER) if isinstance(guard, int) else guard
