"""What may happen to tasks alone."""

from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests import contract_shared, contract_tasks
from tests.contract_callers import Call
from tests.contract_chosen import Id
from tests.contract_machine import calls, guards, tasks
from tests.contract_model import Guard, Row
from tests.contract_rules_rows import TEXTS, WORDS, RowRules, news, patches, spaces
from tests.contract_tasks import PRIORITIES, SOON, STATUSES, TASKS

DUE = [None, "2020-01-01T02:00:00+02:00", SOON, "2999-12-31T23:59:59Z"]
TASK = {
    "description": st.none() | TEXTS,
    "status": st.sampled_from(STATUSES),
    "priority": st.sampled_from(PRIORITIES),
    "tags": st.lists(WORDS, max_size=2),
    "due_at": st.sampled_from(DUE),
}
"""Beside their titles."""


class TaskRules(RowRules):
    @initialize(target=tasks, new=news(TASK))
    def begin_tasks(self, new: list[Row]) -> Any:
        return self.add(Call(), TASKS, new, self.home)

    @rule(target=tasks, call=calls, new=news(TASK), team=spaces)
    def add_tasks(self, call: Call, new: list[Row], team: Id | str | None) -> Any:
        return self.add(call, TASKS, new, team)

    @rule(call=calls, ids=st.tuples(tasks, tasks), patch=patches(TASK), team=spaces, guard=guards)
    def change_tasks(
        self, call: Call, ids: tuple[Id, Id], patch: list[Row], team: Any, guard: Guard
    ) -> None:
        self.change(call, TASKS, ids, patch, team, guard)

    @rule(call=calls, ids=st.lists(tasks, min_size=1, max_size=3, unique=True))
    def delete_tasks(self, call: Call, ids: list[Id]) -> None:
        do = partial(contract_shared.delete_batch, kind=TASKS, ids=ids)
        self.write(call, "POST", "tasks/batch-delete", do, {"ids": ids})

    @rule(call=calls, id=tasks, done=st.booleans(), guard=guards)
    def complete_or_reopen(self, call: Call, id: Id, guard: Guard, *, done: bool) -> None:
        to = self.version("tasks", id, guard)
        do = partial(contract_tasks.complete if done else contract_tasks.reopen, id=id, guard=to)
        self.write(call, "POST", f"tasks/{id}/{'complete' if done else 'reopen'}", do, guard=to)
