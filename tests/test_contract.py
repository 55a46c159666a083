"""Whatever anybody does in any order, the API answers as a plain model of its contract says."""

from functools import partial
from itertools import count
from typing import Any

import hypothesis
import pytest
from hypothesis import Phase
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import invariant, run_state_machine_as_test
from psycopg2.extensions import cursor

from tests.contract_callers import PEOPLE
from tests.contract_lists import check_list
from tests.contract_model import Row, World
from tests.contract_reads import EVERYTHING, LIVE
from tests.contract_rules_documents import DocumentRules
from tests.contract_rules_pages import PageRules
from tests.contract_rules_reads import ReadRules
from tests.contract_rules_talks import TalkRules
from tests.contract_rules_tasks import TaskRules


class Contract(TaskRules, DocumentRules, TalkRules, ReadRules, PageRules):
    """After each step the next of the people sees all that is theirs, and nothing else."""

    def __init__(self, sql: cursor, taken: list[int]) -> None:
        super().__init__(sql)
        self.taken, self.turns = taken, count()

    @invariant()
    def the_next_of_the_people_sees_what_is_theirs(self) -> None:
        turn = next(self.turns)
        self.taken += [turn] if turn else []
        for kind, query in LIVE if turn % 4 else EVERYTHING:
            person = self.callers.people[PEOPLE[turn % len(PEOPLE)]]
            check_list(self.callers.world, person, kind, query)


PHASES = [Phase.reuse, Phase.generate, Phase.shrink]
"""To explain, too, would take longer than a test may."""


@pytest.fixture(autouse=True)
def a_minute_to_shorten_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis takes five, and a test of that length is taken for one that hangs."""
    monkeypatch.setattr(engine, "MAX_SHRINKING_SECONDS", 60)


def explore(sql: cursor, name: str, wanted: int, **settings: Any) -> None:
    """Tell stories until they have so many steps, beside those that all of them begin with.

    In CI they are always the same, drawn from the name.
    """
    taken: list[int] = []
    while len(taken) < wanted:
        machine: Any = partial(Contract, sql, taken)
        machine.__name__ = f"{name} {len(taken)}"
        chosen = {"max_examples": 6, "stateful_step_count": 50, "phases": PHASES, **settings}
        run_state_machine_as_test(
            machine, settings=hypothesis.settings(report_multiple_bugs=False, **chosen)
        )
    print(f"{len(taken)} steps, no difference")  # noqa: T201  the figure


def test_the_api_answers_as_the_model_says(sql: cursor) -> None:
    explore(sql, "fast", 100, max_examples=4, stateful_step_count=30, derandomize=True)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_the_api_answers_as_the_model_says_in_2000_steps(sql: cursor, part: int) -> None:
    explore(sql, f"part {part}", 500)


@pytest.mark.slow
def test_one_wrong_rule_in_the_model_is_found_and_told_as_a_short_story(
    sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(world: World, row: Row, **values: Any) -> Row:
        """As if a change that changes nothing made a version."""
        return world.touched({**row, **values})

    monkeypatch.setattr(engine, "MAX_SHRINKING_SECONDS", 20)
    monkeypatch.setattr(World, "changed", changed)
    with pytest.raises(AssertionError) as found:
        explore(sql, "wrong", 500, stateful_step_count=15, derandomize=True, database=None)
    story = "\n".join(found.value.__notes__)
    print(story)  # noqa: T201  for people
    assert story.count("state = Contract()") == 1
    assert story.count("(call=Call(") <= 3
