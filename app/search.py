"""Full-text search, in SQL: what matches, how well, and the words around a hit."""

from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Double, and_, cast, func, null, select, true
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import with_expression

from app.access import Caller, spaces_of, visible_to
from app.keysets import keyset, order
from app.lists import shared
from app.searching import SearchQuery
from app.sorting import Key, number_key

Keys = dict[str, Key]
WINDOW = 8192
"""Characters of a text in which its snippet is looked for. Each costs time, hits or not."""

START, STOP, LESS = "\x02", "\x03", "\x04"
"""Stand for a hit's marks and for "<" until all is escaped; a text that holds them loses them."""

MARKS = (
    f"StartSel={START}, StopSel={STOP}, MaxFragments=2, MaxWords=24, MinWords=8,"
    ' FragmentDelimiter=" … "'
)
ESCAPES = {
    "&": "&amp;",
    LESS: "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
    START: "<mark>",
    STOP: "</mark>",
}


def listed(
    me: Caller, table: Any, body: Any, conditions: list[Any], query: SearchQuery, keys: Keys
) -> Any:
    """A page of rows that may be shared, or of those that a search finds.

    `body` is what the table's rows say beside their title.
    """
    key = key_of(query, keys)
    if query.q:
        return found(me, table, body, conditions, key, query)
    return shared(me, table, conditions, key, query)


def key_of(query: SearchQuery, keys: Keys) -> Key:
    """What the list is sorted by: one of its keys, or how well rows fit the search."""
    return keys[query.key] if query.key in keys else relevance(query.q)


def found(
    me: Caller, table: Any, body: Any, conditions: list[Any], key: Key, query: SearchQuery
) -> Any:
    """A page of what a search finds; each row, with its `snippet`, beside the count of all or None.

    Which rows are on the page is settled by ids and sort keys alone; then they are read.
    """
    wanted = matches(me, table, query.q), visible_to(me, table), *conditions
    hits = select(table.id, key.of(table).label("place")).where(*wanted).cte("hits")
    placed = key._replace(of=attrgetter("place"))
    few = keyset(select(hits), hits.c, placed, query).offset(query.offset or None)
    few = few.limit(query.size + 1).subquery("few")
    everything = select(func.count()).select_from(hits).scalar_subquery()
    count = everything if query.numbered or query.include else null()
    total = select(count.label("total")).cte("counted")
    page = select(table, total.c.total).select_from(total)
    page = page.outerjoin(few, true()).outerjoin(table, table.id == few.c.id)
    shown = with_expression(table.snippet, snippet(table.title, body, query.q))
    page = page.options(shown, with_expression(table.place, few.c.place))
    return order(page, few.c, placed, query)


def matches(me: Caller, table: Any, text: str | None) -> ColumnElement[bool]:
    """The row has these words, and lives where I may look: one look into one index.

    Where it lives is a word too, as tables.py says; words that say nothing ("the") find nothing.
    """
    spaces = spaces_of(me).subquery("spaces")
    here = select(cast(func.string_agg(func.md5(spaces.c.id), " | "), TSQUERY)).scalar_subquery()
    wanted = asked(text)
    return and_(
        func.numnode(wanted) > 0, table.__table__.c.words.bool_op("@@")(wanted.op("&&")(here))
    )


def asked(text: str | None) -> ColumnElement[Any]:
    """What people type: words, "quoted phrases", or, -not."""
    return func.websearch_to_tsquery("english", text)


def relevance(text: str | None) -> Key:
    """How well a row fits: how often it has the words, the title's counting ten times.

    `wanted OR wanted`: at an AND, ts_rank measures the distance between all places of all words,
    which took 2.4 seconds for one long text and 66 words; at an OR it goes through them once.
    """
    wanted = asked(text)

    def of(table: Any) -> ColumnElement[Any]:
        return cast(func.ts_rank(table.__table__.c.words, wanted.op("||")(wanted)), Double)

    return number_key(of, "place")


def snippet(title: Any, body: Any, text: str | None) -> ColumnElement[str]:
    """The words around a hit, as HTML in which nothing that the row says is markup.

    "<" goes first, as it did before the words were stemmed: what looks like a tag is text here,
    and Postgres would leave it out.
    """
    said = func.concat_ws("\n", title, func.left(body, WINDOW))
    said = func.translate(said, f"<{START}{STOP}{LESS}", LESS)
    shown = func.ts_headline("english", said, asked(text), MARKS)
    for character, entity in ESCAPES.items():
        shown = func.replace(shown, character, entity)
    return shown
