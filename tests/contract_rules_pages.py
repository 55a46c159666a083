"""Whoever leaves a list off, and goes on when others have written, finds what is behind it."""

from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from psycopg2.extensions import cursor

from tests.contract_callers import check_refusal, plain
from tests.contract_lists import LISTS, check_list, place, walk
from tests.contract_machine import Story, people
from tests.contract_model import INVALID_CURSOR, Refused, Row
from tests.contract_rules_reads import queries


class Mark(NamedTuple):
    """Where somebody left off in which list."""

    who: str
    kind: str
    query: Row
    cursor: str
    last: Any


class PageRules(Story):
    def __init__(self, sql: cursor) -> None:
        super().__init__(sql)
        self.marks: list[Mark] = []

    @rule(who=people, asked=st.sampled_from([*LISTS]).flatmap(queries))
    def leave_off(self, who: str, asked: tuple[str, Row]) -> None:
        kind, query = asked[0], {"sort": LISTS[asked[0]].sort, **asked[1], "limit": 3}
        page = self.callers.people[who].get(kind, params=plain(query)).json()
        if page["next"]:
            last = place(kind, query["sort"], page["items"][-1])
            self.marks.append(Mark(who, kind, query, page["next"], last))

    @precondition(lambda self: self.marks)
    @rule(number=st.integers(0, 5))
    def go_on(self, number: int) -> None:
        who, kind, query, cursor, last = self.marks[-1 - number % len(self.marks)]
        person, sort = self.callers.people[who], query["sort"]
        items = check_list(self.callers.world, person, kind, query)
        behind = [
            item
            for item in items
            if (place(kind, sort, item) < last) == sort.startswith("-")
            and place(kind, sort, item) != last
        ]
        rest = walk(person, kind, {**query, "cursor": cursor})
        for item in rest:
            item.pop("snippet", None)
        assert rest == behind

    @precondition(lambda self: self.marks)
    @rule(number=st.integers(0, 5))
    def go_on_elsewhere(self, number: int) -> None:
        """A cursor fits the order that it came from, and no other."""
        who, kind, query, cursor, _ = self.marks[-1 - number % len(self.marks)]
        sort = query["sort"]
        other = sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"
        asked = plain({**query, "sort": other, "cursor": cursor})
        answer = self.callers.people[who].get(kind, params=asked)
        check_refusal(answer, Refused(*INVALID_CURSOR))
