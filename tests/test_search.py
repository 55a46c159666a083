"""Full-text search of tasks and documents: what is found, in which order, and what is marked."""

import html
import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import cursor

from app.errors import InvalidCursor
from app.pages import decode, encode
from app.search import WINDOW, relevance
from app.tasks.schemas import TaskQuery
from dev.wire import CountingProxy
from tests.people import Person, sign_up
from tests.problem import refused

TEXT = {"tasks": "description", "documents": "content"}
both = pytest.mark.parametrize("kind", TEXT)
slowly = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def put(person: Person, kind: str, *rows: tuple[str, str]) -> list[dict[str, Any]]:
    """New rows of a title and a text each."""
    items = [{"title": title, TEXT[kind]: text} for title, text in rows]
    added = person.post(f"{kind}/batch", json={"items": items})
    assert added.status_code == 201, added.text
    made: list[dict[str, Any]] = added.json()["items"]
    return made


def search(person: Person, kind: str, q: str, **query: Any) -> list[dict[str, Any]]:
    answer = person.get(kind, params={"q": q, **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def titles(person: Person, kind: str, q: str, **query: Any) -> list[str]:
    return [row["title"] for row in search(person, kind, q, **query)]


def walk(person: Person, kind: str, **query: Any) -> list[dict[str, Any]]:
    """All pages, by the cursors that they name."""
    seen: list[dict[str, Any]] = []
    while True:
        answer = person.get(kind, params=query)
        assert answer.status_code == 200, answer.text
        seen += answer.json()["items"]
        if answer.json()["next"] is None:
            return seen
        query["cursor"] = answer.json()["next"]


# What is found ----------------------------------------------------------------------------------


@both
def test_words_phrases_and_exclusions_are_found_as_people_type_them(
    owner: Person, kind: str
) -> None:
    put(owner, kind, ("Water the plants", "in the garden"), ("Buy a garden hose", ""))
    for q, found in (
        ("garden", 2),
        ("plant", 1),
        ("GARDENS", 2),
        ("garden -hose", 1),
        ("-hose", 1),
        ('"garden hose"', 1),
        ('"hose garden"', 0),
        ("water or hose", 2),
        ("nothing", 0),
        ("the", 0),
        ("   ", 0),
        ("&", 0),
        (f"'; DROP TABLE {kind}; --", 0),
        ("garden:* | !hose <-> (", 1),
        ('"\\', 0),
        ("garden &copy;", 0),
        ("x " * 100, 0),
    ):
        assert len(search(owner, kind, q)) == found, q


@both
@pytest.mark.parametrize("person", ["it's", "a\\b|c", "'&!(", "\\'"])
def test_whoever_is_called_whatever_finds_what_is_theirs(
    sql: cursor, kind: str, person: str
) -> None:
    one = sign_up(sql, person)
    put(one, kind, ("garden", ""))
    assert titles(one, kind, "garden") == ["garden"]


@both
def test_what_looks_like_markup_is_text_that_can_be_searched(owner: Person, kind: str) -> None:
    put(
        owner,
        kind,
        ("Code", "if a<b water Vec<String> is <b>garden</b> <script>hose()</script> > 1"),
    )
    for word in ("water", "string", "garden", "hose", "script"):
        [row] = search(owner, kind, f"code {word}")
        assert re.search(f"<mark>{word}</mark>", row["snippet"], re.IGNORECASE), row["snippet"]
        assert "&lt;" in row["snippet"]


@both
def test_a_search_sees_what_a_list_sees(
    owner: Person, teammate: Person, outsider: Person, team: str, kind: str
) -> None:
    for person in (owner, teammate, outsider):
        put(person, kind, (f"garden of {person.name}", ""))
    owner.post(kind, json={"title": "garden of all", "team_id": team})
    found = {"garden of all", "garden of teammate"}
    assert set(titles(teammate, kind, "garden")) == found
    assert titles(teammate, kind, "garden", team_id=team) == ["garden of all"]
    assert titles(outsider, kind, "garden") == ["garden of outsider"]


@both
def test_where_a_row_lives_is_no_word_that_can_be_searched_for(
    owner: Person, outsider: Person, sql: cursor, kind: str
) -> None:
    put(owner, kind, ("garden", ""))
    sql.execute("SELECT md5(%s)", (owner.id,))
    [place] = sql.fetchone() or ("",)
    put(outsider, kind, (place, ""))
    assert titles(outsider, kind, place) == [place]
    assert titles(outsider, kind, "garden") == []


@both
def test_a_change_is_found_at_once(owner: Person, kind: str) -> None:
    [row] = put(owner, kind, ("first", "stays"))
    owner.patch(f"{kind}/{row['id']}", json={"title": "second"})
    assert titles(owner, kind, "first") == []
    assert titles(owner, kind, "second") == titles(owner, kind, "stays") == ["second"]


# In which order ---------------------------------------------------------------------------------


@both
def test_what_fits_best_comes_first_and_a_title_weighs_more(owner: Person, kind: str) -> None:
    put(owner, kind, ("seldom", "garden " + "filler " * 50), ("often", "garden " * 20))
    put(owner, kind, ("the garden", ""), ("something else", ""))
    assert titles(owner, kind, "garden") == ["the garden", "often", "seldom"]
    assert titles(owner, kind, "garden", sort="-relevance") == ["the garden", "often", "seldom"]


@both
def test_another_sort_goes_before_relevance(owner: Person, kind: str) -> None:
    put(owner, kind, ("b", "garden"), ("a", "garden garden"), ("c", ""))
    assert titles(owner, kind, "garden", sort="title") == ["a", "b"]
    assert titles(owner, kind, "garden", sort="-title") == ["b", "a"]
    assert titles(owner, kind, "garden", sort="created_at") == ["b", "a"]


@both
@pytest.mark.parametrize("query", ["sort=-relevance", "sort=relevance&q=a", "sort=-rank&q=a"])
def test_only_a_search_is_sorted_by_relevance_and_only_the_best_first(
    owner: Person, kind: str, query: str
) -> None:
    assert refused(owner.get(f"{kind}?{query}"), 422)


@both
@slowly
@given(
    rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=12),
    limit=st.integers(1, 4),
)
def test_the_union_of_relevance_pages_is_the_set_while_rows_come_and_go(
    sql: cursor, kind: str, rows: list[tuple[int, int]], limit: int
) -> None:
    """Few different texts, so that many rows fit equally well."""
    person = sign_up(sql, "reader")
    words = [("kept " + "garden " * title, "hose " * text) for title, text in rows]
    kept = [row["id"] for row in put(person, kind, *words)]
    query: dict[str, Any] = {"q": "garden or hose or kept", "limit": limit}
    whole = [row["id"] for row in search(person, kind, query["q"])]
    seen: list[str] = []
    while True:
        page = person.get(kind, params=query).json()
        seen += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
        [extra] = put(person, kind, ("garden " * (len(seen) % 4 + 1), "hose"))
        if len(seen) % 2:
            person.delete(f"{kind}/{extra['id']}")
    assert len(seen) == len(set(seen))
    assert [id for id in seen if id in kept] == whole
    assert set(kept) == set(whole)


@both
def test_what_fits_best_comes_first_where_no_order_is_asked_for(owner: Person, kind: str) -> None:
    put(owner, kind, ("garden", ""), ("other", "garden"))
    for query, titles in (("q=garden", ["garden", "other"]), ("", ["other", "garden"])):
        assert [row["title"] for row in owner.get(f"{kind}?{query}").json()["items"]] == titles


@both
def test_ranks_that_differ_in_the_last_digit_keep_their_places(owner: Person, kind: str) -> None:
    put(owner, kind, *((f"{n}", "garden " * n + "hose " * (n % 7)) for n in range(1, 60)))
    whole = [row["id"] for row in search(owner, kind, "garden or hose", limit=100)]
    assert [row["id"] for row in walk(owner, kind, q="garden or hose", limit=1)] == whole
    assert len(set(whole)) == 59


@both
@pytest.mark.parametrize("sort", ["-relevance", "title", "-created_at"])
def test_pages_are_numbered_and_counted_in_a_search_too(
    owner: Person, kind: str, sort: str
) -> None:
    put(owner, kind, *((f"garden {n}", "") for n in range(5)), ("other", ""))
    query = {"q": "garden", "sort": sort}
    whole = walk(owner, kind, **query, limit=2)
    pages = [owner.get(kind, params={**query, "page": n, "page_size": 2}).json() for n in (1, 2, 3)]
    assert [row for page in pages for row in page["items"]] == whole
    assert {(page["total"], page["pages"]) for page in pages} == {(5, 3)}
    beyond = owner.get(kind, params={**query, "page": 9}).json()
    assert (beyond["items"], beyond["total"], beyond["pages"]) == ([], 5, 1)
    assert "total" not in owner.get(kind, params=query).json()
    counted = owner.get(kind, params={**query, "include": "total", "limit": 4}).json()
    assert (len(counted["items"]), counted["total"], "pages" in counted) == (4, 5, False)
    last = owner.get(
        kind, params={**query, "include": "total", "limit": 4, "cursor": counted["next"]}
    ).json()
    assert (len(last["items"]), last["total"], last["next"]) == (1, 5, None)


@both
def test_a_cursor_belongs_to_its_words(owner: Person, kind: str) -> None:
    put(owner, kind, ("garden hose", ""), ("garden hose", ""))
    cursor = owner.get(kind, params={"q": "garden", "limit": 1}).json()["next"]
    for query in ({"q": "hose"}, {"q": "garden", "sort": "title"}, {}):
        problem = refused(owner.get(kind, params={**query, "cursor": cursor}), 400)
        assert problem["code"] == "invalid_cursor"


@pytest.mark.parametrize(
    "value", ["0.5", 1, None, True, [1.0], float("nan"), float("inf"), 10**400]
)
def test_a_forged_rank_is_refused(value: Any) -> None:
    query, key = TaskQuery(q="garden"), relevance("garden")
    row = SimpleNamespace(id="01a1fae5-dcbf-74f9-9926-70081d309f05")
    forged = encode(query, key._replace(read=lambda _: value), row)
    with pytest.raises(InvalidCursor):
        decode(query.model_copy(update={"cursor": forged}), key)


@both
def test_no_client_is_told_to_send_a_sort_that_would_replace_relevance(
    owner: Person, kind: str
) -> None:
    document = owner.get("http://test/openapi.json").json()
    parameters = document["paths"][f"/api/{{user_id}}/{kind}"]["get"]["parameters"]
    [sort] = [each for each in parameters if each["name"] == "sort"]
    assert "default" not in sort["schema"]
    assert not sort["required"]
    assert "`-relevance` with `q`" in sort["description"]


# What is marked ---------------------------------------------------------------------------------


@both
def test_a_search_shows_the_words_around_its_hits(owner: Person, kind: str) -> None:
    put(owner, kind, ("Plans", "far " * 60 + "away lies a garden with gardens " + "more " * 60))
    [row] = search(owner, kind, "garden")
    assert "lies a <mark>garden</mark> with <mark>gardens</mark> more" in row["snippet"]
    assert len(row["snippet"]) < 300


@both
def test_a_hit_in_the_title_is_marked_too(owner: Person, kind: str) -> None:
    put(owner, kind, ("My garden", "grows"))
    assert "<mark>garden</mark>\ngrows" in search(owner, kind, "garden")[0]["snippet"]


@both
def test_only_a_search_has_snippets(owner: Person, kind: str) -> None:
    [row] = put(owner, kind, ("garden", ""))
    [found], [listed] = search(owner, kind, "garden"), owner.get(kind).json()["items"]
    assert found.keys() - listed.keys() == {"snippet"}
    assert "snippet" not in owner.get(f"{kind}/{row['id']}").json()
    assert "snippet" in search(owner, kind, "garden", sort="title")[0]


def test_a_hit_deep_in_a_long_text_is_found_though_its_snippet_is_the_beginning(
    owner: Person,
) -> None:
    put(owner, "documents", ("Long", "Once upon a time " + "filler " * WINDOW + "garden"))
    assert search(owner, "documents", "garden")[0]["snippet"].startswith("Long\nOnce upon a time")


def is_safe(snippet: str) -> bool:
    """No markup but ours, all of it closed, and no ampersand that begins no entity."""
    parts = re.split(r"(</?mark>)", snippet)
    said = "".join(parts[::2])
    return not re.search(r"""[<>"']|&(?!amp;|lt;|gt;|quot;|\#39;)""", said) and parts[1::2] == [
        "<mark>",
        "</mark>",
    ] * (len(parts) // 4)


@both
@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert('garden')</script>",
        "</mark><img src=x onerror=alert(1)> garden <mark>",
        "<b>garden</b>",
        '<a href="https://example.com/garden?a=1&b=2">garden</a>',
        "&lt;script&gt; garden &#60;b&#62; &amp;lt; &copy;",
        "<<mark>garden</mark>>",
        "<!-- garden --> <![CDATA[garden]]> <?garden?>",
        "garden <svg/onload=alert`1`> \u202e\u2028 <",
        "StartSel=<i>, StopSel=</i> garden",
        "a < b > garden & c " + '"' * 300,
        "lt gt amp quot garden &",
    ],
)
def test_a_rows_own_markup_is_never_markup_in_a_snippet(
    owner: Person, kind: str, hostile: str
) -> None:
    put(owner, kind, (hostile[:200], hostile))
    for q in ("garden", "lt or amp or quot or 39 or garden", "mark or script or garden"):
        [row] = search(owner, kind, q)
        assert is_safe(row["snippet"]), row["snippet"]
        assert "<mark>" in row["snippet"]
        shown = html.unescape(re.sub("</?mark>", "", row["snippet"]))
        assert "garden" in shown
        assert row["title"] == hostile[:200]


PIECES = [
    "<", ">", "&", '"', "'", ";", "#", "/", "-", ".", ":", "@", "?", "=", " ", "\n", "lt", "amp",
    "#39", "mark", "<mark>", "</mark>", "&lt;", "&#60;", "&#x3c;", "garden", "b", "http://a.b/c",
]  # fmt: skip


@slowly
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_whatever_is_written_a_snippet_is_safe(owner: Person, text: str) -> None:
    row = owner.post("documents", json={"title": "garden", "content": text}).json()
    for q in ("garden or lt or amp or 39 or mark or b", "garden"):
        for found in search(owner, "documents", q):
            assert is_safe(found["snippet"]), (text, found["snippet"])
    owner.delete(f"documents/{row['id']}?permanent=true")


# What it costs ----------------------------------------------------------------------------------


@both
def test_a_search_is_one_round_trip_however_much_it_finds(
    owner: Person, wire: CountingProxy, kind: str
) -> None:
    put(owner, kind, *((f"garden {n}", "words") for n in range(300)))
    for query in ("", "&limit=100", "&page=2", "&include=total", "&sort=title"):
        wire.reset()
        assert owner.get(f"{kind}?q=garden{query}").is_success
        assert wire.snapshot().kinds == ("Q",)


@pytest.mark.parametrize("kind", ["documents", "tasks"])
@pytest.mark.parametrize("q", ["q=", "q=%00", "q=" + "x" * 201, "q=a&q=%ff%00"])
def test_words_that_cannot_be_searched_for_are_refused(owner: Person, kind: str, q: str) -> None:
    refused(owner.get(f"{kind}?{q}"), 422)


def test_words_by_the_dozen_in_a_text_full_of_them_are_ranked_in_time(owner: Person) -> None:
    """At an AND, ts_rank would compare all places of all words: seconds for each such text."""
    words = [a + b for a in "bcdfghjk" for b in "xwvqzpt"]
    put(owner, "documents", ("Full", " ".join(words * (262_144 // (3 * len(words)) - 1))))
    answer = owner.get("documents", params={"q": " ".join(words)[:200]})
    assert (answer.status_code, len(answer.json()["items"])) == (200, 1)
