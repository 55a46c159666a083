"""The proof of plans asks for every list, and knows a bad plan when it meets one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg2.extensions import cursor

from app.main import app
from app.tables import SORTS
from dev import Trouble
from dev.prove._plans_explain import explained
from dev.prove._plans_judge import Measured, big_tables
from dev.prove._plans_requests import HERE, reads
from dev.prove.plans import judge
from tests.people import Person, sign_up

FEW, MANY = 300, 20_000


def tasks(sql: cursor, person: Person, many: int) -> None:
    sql.execute(
        "INSERT INTO tasks (id, user_id, title)"
        " SELECT gen_random_uuid(), %s, 'Task ' || hashint4(n) FROM generate_series(1, %s) n",
        (person.id, many),
    )


@pytest.fixture
def somebody(sql: cursor, owner: Person) -> Iterator[Person]:
    """Who has many tasks, among which the owner's few lie."""
    somebody = sign_up(sql, "somebody")
    tasks(sql, somebody, MANY)
    tasks(sql, owner, FEW)
    sql.execute("ANALYZE tasks")
    yield somebody
    sql.execute("DELETE FROM tasks WHERE user_id = %s", (somebody.id,))
    sql.execute("VACUUM ANALYZE tasks")


def measured(sql: cursor, person: Person, query: str, sight: int = FEW) -> Measured:
    with explained() as plans:
        assert person.get(query).is_success
    return Measured(query, person.id, plans, {"tasks": sight}, big_tables(sql))


@contextmanager
def without(sql: cursor, *names: str) -> Iterator[None]:
    """Indexes of tests' own database, which nobody else uses meanwhile."""
    sql.execute("SELECT indexdef FROM pg_indexes WHERE indexname = ANY (%s)", ([*names],))
    made_by = [definition for (definition,) in sql.fetchall()]
    sql.execute(f"DROP INDEX {', '.join(names)}")
    try:
        yield
    finally:
        for definition in made_by:
            sql.execute(definition)


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize("sort", ["created_at", "-created_at", "updated_at", "title", "-priority"])
def test_a_list_that_has_its_index_is_read_by_it(sql: cursor, owner: Person, sort: str) -> None:
    met = measured(sql, owner, f"tasks?sort={sort}")
    assert f"tasks_{sort.removeprefix('-')}_idx" in met.ways
    assert met.read["tasks"] == 51
    assert judge([met], 0).met


@pytest.mark.usefixtures("somebody")
def test_a_list_whose_indexes_are_gone_reads_the_whole_table_and_is_missed(
    sql: cursor, owner: Person
) -> None:
    """All that begin with where a row lives: any of them would still find the owner's."""
    with without(sql, *(f"tasks_{name}_idx" for name in SORTS)):
        missed = measured(sql, owner, "tasks?sort=title")
    assert "all of tasks" in missed.faults
    verdict = judge([measured(sql, owner, "tasks?sort=title"), missed], 0)
    assert not verdict.met
    assert verdict.figure.startswith("1 of 2 lists")


def test_a_list_that_reads_far_more_than_its_caller_has_is_missed_though_an_index_found_it(
    sql: cursor, somebody: Person
) -> None:
    met = measured(sql, somebody, "tasks?tag=none", MANY)
    assert met.read["tasks"] == MANY
    assert not met.faults
    missed = met._replace(sight={"tasks": FEW})
    assert missed.faults == [f"{MANY:,} rows of tasks, of which {FEW} are in sight"]


@pytest.mark.parametrize("query", ["include=total", "page=2", "completed=false&include=total"])
def test_a_count_reads_no_rows_of_others_however_many_teams_its_caller_is_in(
    sql: cursor, somebody: Person, owner: Person, query: str
) -> None:
    """A join to the teams would read all that there is, once both are many."""
    tasks(sql, owner, MANY // 4)
    sql.execute(
        "WITH made AS (INSERT INTO teams (id, name)"
        " SELECT gen_random_uuid(), 'Team' FROM generate_series(1, 60) RETURNING id)"
        " INSERT INTO members (team_id, user_id, role) SELECT id, %s, 'owner' FROM made",
        (owner.id,),
    )
    sql.execute("ANALYZE tasks, members")
    met = measured(sql, owner, f"tasks?{query}", FEW + MANY // 4)
    assert not met.faults
    assert somebody.get("tasks?include=total").json()["total"] == MANY


def described() -> Iterator[tuple[str, str]]:
    """Each read of the API with each parameter that its query may have."""
    for path, methods in app.openapi()["paths"].items():
        if path.startswith(HERE) and "get" in methods:
            for parameter in methods["get"].get("parameters", []):
                if parameter["in"] == "query" and parameter["name"] != "cursor":
                    yield path.removeprefix(HERE), parameter["name"]


def test_every_list_is_asked_for_with_every_parameter_that_it_takes() -> None:
    asked = {
        (read.path, pair.partition("=")[0])
        for read in reads(app.openapi())
        for pair in read.query.split("&")
    }
    told = set(described())
    assert {"/tasks", "/teams", "/export"} < {path for path, _ in told}
    assert told <= asked


def test_a_new_list_is_asked_for_at_once_and_a_parameter_of_no_known_value_is_refused() -> None:
    def get(*parameters: dict[str, Any]) -> dict[str, Any]:
        return {"paths": {f"{HERE}/pets": {"get": {"parameters": [*parameters]}}}}

    sort = {"name": "sort", "in": "query", "schema": {"enum": ["age", "-age"]}}
    found = [str(read) for read in reads(get(sort)) if read.path == "/pets"]
    assert found == ["/pets", "/pets?sort=age", "/pets?sort=-age"]
    with pytest.raises(Trouble, match="colour"):
        reads(get({"name": "colour", "in": "query", "schema": {"type": "string"}}))
