"""Lists: what each must hold, in what order, and that its pages are the whole."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from tests import contract_conversations as conversations
from tests import contract_documents as documents
from tests import contract_tasks as tasks
from tests import contract_teams as teams
from tests.contract_callers import plain
from tests.contract_model import Row, World
from tests.people import Person

Query = Mapping[str, Any]


class Listing(NamedTuple):
    show: Callable[[World, Row], Row]
    sorts: Mapping[str, Callable[[Row], Any]]
    sort: str
    """The order where nothing is asked for."""
    filters: Mapping[str, Callable[[Row, Any], bool]] = {}


LISTS = {
    "tasks": Listing(lambda _, row: row, tasks.SORTS, "-created_at", tasks.FILTERS),
    "documents": Listing(
        lambda _, row: documents.DOCUMENTS.listed(row),
        documents.SORTS,
        "-updated_at",
        documents.FILTERS,
    ),
    "conversations": Listing(conversations.shown, conversations.SORTS, "-updated_at"),
    "teams": Listing(teams.shown, teams.SORTS, "name"),
}


def check_list(world: World, person: Person, kind: str, query: Query) -> list[Row]:
    """Read it to its end, and hold it against the model; returns its items."""
    items = walk(person, kind, query)
    listing = LISTS[kind]
    rows = [
        listing.show(world, row)
        for row in world.of(kind, person.id, deleted=query.get("deleted", False))
        if all(fits(row, query[name]) for name, fits in listing.filters.items() if name in query)
    ]
    for item in items:
        assert ("q" in query) == ("<mark>" in item.pop("snippet", ""))
    assert by_id(items) == by_id(rows), f"{items} are not {rows}"
    if "q" not in query or "sort" in query:
        assert items == in_order(kind, query, items)
    return items


def by_id(rows: Sequence[Row]) -> dict[str, Row]:
    known = {str(row["id"]): row for row in rows}
    assert len(known) == len(rows)
    return known


def in_order(kind: str, query: Query, items: Sequence[Row]) -> list[Row]:
    sort = query.get("sort", LISTS[kind].sort)
    return sorted(items, key=partial(place, kind, sort), reverse=sort.startswith("-"))


def place(kind: str, sort: str, item: Row) -> tuple[Any, str]:
    """Where the item stands: of two that are alike, the later id is behind."""
    return LISTS[kind].sorts[sort.removeprefix("-")](item), item["id"]


def walk(person: Person, kind: str, query: Query) -> list[Row]:
    """All items from here on, page by page; all pages but the last are full."""
    items: list[Row] = []
    asked = {**query}
    while True:
        answer = person.get(kind, params=plain(asked))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        linked = 'rel="next"' in answer.headers.get("link", "")
        assert linked == (page["next"] is not None)
        if page["next"] is None:
            return items
        assert len(page["items"]) == query.get("limit", 50)
        asked["cursor"] = page["next"]


def check_numbers(person: Person, kind: str, query: Query, items: Sequence[Row], size: int) -> None:
    """The same list in numbered pages: with their number, and the number of all."""
    pages = -(-len(items) // size)
    for number in range(1, pages + 2):
        asked = {**query, "page": number, "page_size": size}
        page = person.get(kind, params=plain(asked)).json()
        shown = [{**item} for item in page["items"]]
        for item in shown:
            item.pop("snippet", None)
        assert shown == items[(number - 1) * size : number * size]
        assert (page["total"], page["pages"]) == (len(items), pages)
