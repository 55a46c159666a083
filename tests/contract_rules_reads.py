"""What anybody may ask at any time, and what is refused to everybody."""

from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.contract_callers import Call, Request
from tests.contract_chosen import Id
from tests.contract_lists import LISTS, check_list, check_numbers
from tests.contract_machine import Story, calls, documents, people, talks, tasks, teams
from tests.contract_model import INVALID, NO_SUCH, NOT_YOURS, Refused, Row, Show, World
from tests.contract_reads import check_one, check_stats
from tests.contract_tasks import GROUPS, PRIORITIES, SOON, STATUSES

SEARCHES = st.sampled_from(["fern", "oak zinc", "fern or oak", "zinc -fern"])
SIZES = {"limit": st.sampled_from([2, 5, 100])}
SHARED = {"deleted": st.booleans(), "team_id": teams, "q": SEARCHES}
TASKS = {
    "status": st.lists(st.sampled_from([*STATUSES, *GROUPS]), min_size=1, max_size=2),
    "priority": st.lists(st.sampled_from(PRIORITIES), min_size=1, max_size=2),
    "completed": st.booleans(),
    "tag": st.lists(st.sampled_from(["fern", "oak"]), min_size=1, max_size=2),
    "due_before": st.just(SOON),
    "due_after": st.just("2020-01-01T00:00:00Z"),
    **SHARED,
}
FILTERS: dict[str, Any] = {
    "tasks": TASKS,
    "documents": SHARED,
    "conversations": {"deleted": st.booleans()},
    "teams": {},
}


def queries(kind: str) -> st.SearchStrategy[tuple[str, Row]]:
    sorts = st.sampled_from([way + sort for sort in LISTS[kind].sorts for way in ("", "-")])
    optional = {"sort": sorts, **FILTERS[kind]}
    return st.tuples(st.just(kind), st.fixed_dictionaries(SIZES, optional=optional))


MISTAKES: list[tuple[str, str, Any]] = [
    ("POST", "tasks", {"titel": "fern"}),
    ("POST", "tasks", {"title": "fern", "due_at": "2026-01-01T00:00:00"}),
    ("POST", "tasks", {"title": "fern", "tags": [""]}),
    ("POST", "tasks/batch", {"items": [{"title": "fern"}, {"title": "x" * 201}]}),
    ("POST", "tasks/batch-delete", {"ids": []}),
    ("POST", "documents", {"title": None}),
    ("POST", "conversations", {"title": ""}),
    ("POST", "teams", {"name": "fern", "owners": 2}),
    ("PATCH", "http://test/api/me", {"name": None}),
    ("GET", "tasks?limit=101", None),
    ("GET", "documents?sort=content", None),
    ("GET", "conversations?deletd=true", None),
]


def mistaken(_: World, __: str) -> Show:
    raise Refused(*INVALID)


def absent(_: World, __: str) -> Show:
    raise Refused(*NO_SUCH)


def elsewhere(_: World, __: str) -> Show:
    raise Refused(*NOT_YOURS)


BUNDLES = {"tasks": tasks, "documents": documents, "conversations": talks, "teams": teams}


class ReadRules(Story):
    @rule(
        who=people,
        id=st.sampled_from([*LISTS]).flatmap(lambda kind: st.tuples(st.just(kind), BUNDLES[kind])),
        known=st.none() | st.integers(0, 1),
    )
    def read(self, who: str, id: tuple[str, Id], known: int | None) -> None:
        kind, row = id
        current = self.callers.world.rows(kind).get(row, {"version": 1})["version"]
        version = None if known is None else current - known
        check_one(self.callers, who, kind, row, version)

    @rule(
        who=people,
        asked=st.sampled_from([*LISTS]).flatmap(queries),
        size=st.none() | st.integers(1, 4),
    )
    def read_list(self, who: str, asked: tuple[str, Row], size: int | None) -> None:
        kind, query = asked
        person = self.callers.people[who]
        items = check_list(self.callers.world, person, kind, query)
        if size:
            check_numbers(person, kind, query, items, size)

    @rule(who=people)
    def read_stats(self, who: str) -> None:
        check_stats(self.callers, who)

    @precondition(lambda self: self.callers.sent)
    @rule(place=st.integers(0, 5), other=st.booleans())
    def repeat(self, place: int, *, other: bool) -> None:
        """Send again what was sent lately, or under its key something else."""
        request, do = self.callers.sent[-1 - place % len(self.callers.sent)]
        if other:
            path = f"tasks/{UUID(int=0)}"
            request, do = request._replace(method="DELETE", path=path, body=None), absent
        self.callers.write(request, do)

    @rule(call=calls, mistake=st.sampled_from(MISTAKES))
    def mistake(self, call: Call, mistake: tuple[str, str, Any]) -> None:
        method, path, body = mistake
        self.callers.write(Request(call.who, method, path, body), mistaken)

    @rule(who=people, whose=people, kind=st.sampled_from([*LISTS]))
    def trespass(self, who: str, whose: str, kind: str) -> None:
        if who != whose:
            path = f"http://test/api/{self.callers.ids[whose]}/{kind}"
            self.callers.write(Request(who, "GET", path), elsewhere)
