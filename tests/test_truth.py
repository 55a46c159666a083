"""Whatever goes wrong on the way, callers are told what the tables hold: nothing lost or twice."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from dev.neon.proxy.faults import Received, Sent
from tests.pgbouncer import needs_pgbouncer
from tests.truth_callers import Call, Callers
from tests.truth_faults import Trouble, troubles
from tests.truth_requests import HTTP, NOTHING, Item, Values
from tests.truth_stage import KEYS, PEOPLE, Stage, stage

tasks = Bundle("tasks")
others = st.lists(tasks, max_size=2)
calls = st.builds(Call, st.sampled_from(PEOPLE), st.none() | st.sampled_from(KEYS), troubles)
titles = st.sampled_from(["Pay", "Sign", "Wait"])
statuses = st.sampled_from(["todo", "done"])
news = st.lists(st.tuples(titles, st.booleans()), min_size=1, max_size=3)
values = st.fixed_dictionaries({"title": titles}) | st.fixed_dictionaries({"status": statuses})
kinds = st.sampled_from(["change", "change batch"])
moves = st.sampled_from(["complete", "reopen", "delete", "delete batch", "purge", "restore"])
guards = st.sampled_from([None, 0, 1])
"""Any version will do, or the one that the task has, or one that it does not have yet."""


class Truth(RuleBasedStateMachine):
    """Three people write and read, and before any request there may be trouble."""

    def __init__(self, here: Stage) -> None:
        super().__init__()
        self.callers = Callers(here)

    @invariant()
    def the_tables_hold_what_callers_were_told(self) -> None:
        assert self.callers.here.world() == self.callers.world

    @initialize(target=tasks, new=news)
    def begin(self, new: list[tuple[str, bool]]) -> Any:
        return self.add(Call("owner"), new)

    @rule(target=tasks, call=calls, new=news)
    def add_some(self, call: Call, new: list[tuple[str, bool]]) -> Any:
        return self.add(call, new)

    def add(self, call: Call, new: list[tuple[str, bool]]) -> Any:
        """As many ids as asked for, some of them nobody's: trouble must not change the draw."""
        before, team = self.callers.world.tasks, self.callers.here.team
        rows = [{"title": title, "team_id": team if shared else None} for title, shared in new]
        what = "add" if len(rows) == 1 else "add batch"
        self.callers.write(call, what, [Item(values=row) for row in rows])
        made = [id for id in self.callers.world.tasks if id not in before]
        return multiple(*[*made, *(str(uuid4()) for _ in new)][: len(new)])

    @rule(call=calls, what=kinds, values=values, id=tasks, more=others, guard=guards)
    def change(
        self, call: Call, what: str, values: Values, id: str, more: list[str], guard: int | None
    ) -> None:
        ids = [*dict.fromkeys([id, *more])]
        self.callers.write(call, what, self.callers.items(what, ids, values, guard))

    @rule(call=calls, what=moves, id=tasks, more=others, guard=guards)
    def move(self, call: Call, what: str, id: str, more: list[str], guard: int | None) -> None:
        self.change(call, what, NOTHING, id, more, guard)

    @rule(call=calls, name=titles)
    def rename(self, call: Call, name: str) -> None:
        self.callers.write(call, "rename", [Item(values={"name": name})])

    @rule(call=calls, id=tasks)
    def read(self, call: Call, id: str) -> None:
        row = self.callers.world.tasks.get(id)
        seen = {id: row} if row and row.visible_to(call.who) and not row.deleted else {}
        self.callers.read(call, f"tasks/{id}", seen, 200 if seen else 404)

    @rule(call=calls, deleted=st.booleans())
    def look(self, call: Call, *, deleted: bool) -> None:
        rows = self.callers.world.tasks.items()
        seen = {id: row for id, row in rows if row.visible_to(call.who) and row.deleted == deleted}
        self.callers.read(call, f"tasks?limit=100&deleted={deleted}", seen)


def prove(here: Stage, name: str, *, examples: int, steps: int) -> None:
    """Run this many examples, each time others; in CI always the same, drawn from the name.

    The first to fail is shown as it is: to make it shorter would take longer than a test may.
    """
    machine: Any = partial(Truth, here)
    machine.__name__ = name
    run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=[Phase.reuse, Phase.generate],
            report_multiple_bugs=False,
        ),
    )


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("neon"), pooled=False) as here:
        yield here


def test_callers_are_told_what_the_tables_hold(direct: Stage) -> None:
    prove(direct, "direct", examples=15, steps=15)


@pytest.mark.slow
@needs_pgbouncer
@pytest.mark.parametrize("part", range(8))
def test_callers_are_told_what_the_tables_hold_through_the_pooler(
    tmp_path: Path, part: int
) -> None:
    with stage(tmp_path, pooled=True) as here:
        prove(here, f"part {part}", examples=25, steps=30)


BEFORE = {"reopen": "complete", "restore": "delete batch"}
VALUES: dict[str, Values] = {
    "add": {"title": "Sign", "team_id": None},
    "change": {"title": "Sign"},
    "rename": {"name": "New"},
}
LOST = {
    "query torn": Trouble(cuts=(Sent(bytes=7),)),
    "answer lost": Trouble(cuts=(Received(),)),
    "answer torn": Trouble(cuts=(Received(bytes=7, how="rst"),)),
    "session ended": Trouble(struck=True),
    "overtaken": Trouble(overtaken=True),
}


@pytest.mark.parametrize("what", HTTP)
@pytest.mark.parametrize("trouble", LOST.values(), ids=LOST)
@pytest.mark.parametrize("key", [None, "a"])
def test_every_write_whose_link_is_lost_is_done_once(
    direct: Stage, what: str, trouble: Trouble, key: str | None
) -> None:
    callers = Callers(direct)
    callers.write(Call("owner"), "add batch", [Item(values=VALUES["add"])] * 2)
    ids = [*callers.world.tasks]
    if what in BEFORE:
        callers.write(Call("owner"), BEFORE[what], callers.items(BEFORE[what], ids, NOTHING))
    new = VALUES.get(what.removesuffix(" batch"), NOTHING)
    items = callers.items(what, ["", ""] if "add" in what else ids, new, guard=0)
    callers.write(Call("owner", key, trouble), what, items)
    assert direct.world() == callers.world
