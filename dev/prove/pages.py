"""Counts the rows that Postgres reads for a page of tasks, at the list's start and deep inside."""

from typing import Any, NamedTuple

import psycopg2

from dev.prove import Proof, Step, Verdict
from dev.prove._plans_explain import explained, read_by
from dev.prove._stage import demo_token, need, stage

ROWS = 100_000
LIMIT = 50
MOST = 4 * LIMIT
GOAL = f"a page of {LIMIT} of {ROWS:,} tasks by cursor reads at most {MOST} rows, at any depth."

SORTS = [
    sign + name
    for name in ("created_at", "updated_at", "due_at", "priority", "title")
    for sign in ("", "-")
]

# Half of the tasks are shared with one of two teams; every third has no date; titles repeat.
# As many tasks of somebody else lie between them.
FILL = """
INSERT INTO "user" (id, name, email, "emailVerified") VALUES
    ('demo', 'Demo', 'demo@example.com', true), ('other', 'Other', 'other@example.com', true);
WITH made AS (
    INSERT INTO teams (id, name) SELECT gen_random_uuid(), 'Team ' || n FROM generate_series(1, 2) n
    RETURNING id
) INSERT INTO members (team_id, user_id, role) SELECT id, 'demo', 'owner' FROM made;
INSERT INTO tasks (id, user_id, team_id, title, priority, due_at, created_at, updated_at)
SELECT gen_random_uuid(), owner,
    CASE WHEN owner = 'demo' AND n %% 2 = 0 THEN team[1 + n / 2 %% 2] END,
    'Task ' || hashint4(n) %% 50000,
    (ARRAY['low', 'medium', 'high', 'urgent'])[1 + abs(hashint4(n + 1)) %% 4],
    CASE WHEN n %% 3 > 0 THEN now() + make_interval(mins => abs(hashint4(n + 2) %% 500000)) END,
    now() - make_interval(secs => %(rows)s - n),
    now() - make_interval(secs => abs(hashint4(n + 3) %% %(rows)s))
FROM generate_series(1, %(rows)s) n, unnest(ARRAY['demo', 'other']) owner,
    (SELECT array_agg(team_id) team FROM members WHERE user_id = 'demo') teams
"""


class Paging(NamedTuple):
    """Rows read at each depth, by cursor and by page number."""

    sort: str
    by_cursor: list[int]
    by_number: list[int]


def prove(rows: int = ROWS) -> Proof:
    token = demo_token()
    yield Step("starting Postgres", 0)
    with stage() as proxy:
        yield Step(f"filling in {rows:,} tasks", 0.05)
        connection = psycopg2.connect(proxy.url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(FILL, {"rows": rows})
            cursor.execute("VACUUM ANALYZE")
        connection.close()
        reader = Reader(token)
        measured = []
        for done, sort in enumerate(SORTS):
            yield Step(f"paging by {sort}", 0.2 + 0.8 * done / len(SORTS))
            measured.append(page(reader, sort, depths(rows)))
    return judge(measured, depths(rows))


def depths(rows: int) -> list[int]:
    """The first page, the middle one and the last."""
    return [0, rows // 2, rows - LIMIT]


class Reader(NamedTuple):
    """Asks the API, and asks Postgres to explain the statement that the API sent."""

    token: str

    def list(self, query: str) -> dict[str, Any]:
        return need("GET", f"/api/me/tasks?{query}", self.token)

    def rows_read(self, query: str) -> int:
        with explained() as plans:
            self.list(query)
        return round(sum(read_by(node) for plan in plans for node in plan.nodes))


def page(reader: Reader, sort: str, depths: list[int]) -> Paging:
    """A numbered page's `next` is the cursor behind it, however deep."""
    by_cursor, by_number = [], []
    for depth in depths:
        number = f"sort={sort}&page_size={LIMIT}&page="
        query = f"sort={sort}&limit={LIMIT}"
        if depth:
            query += f"&cursor={reader.list(number + str(depth // LIMIT))['next']}"
        by_cursor.append(reader.rows_read(query))
        by_number.append(reader.rows_read(number + str(depth // LIMIT + 1)))
    return Paging(sort, by_cursor, by_number)


def judge(measured: list[Paging], depths: list[int]) -> Verdict:
    ways = [f"{way}\n{depth:,}" for way in ("cursor", "number") for depth in depths]
    rows = [
        (sort, *(f"{read:,}" for read in by_cursor + by_number))
        for sort, by_cursor, by_number in measured
    ]
    most = max(read for paging in measured for read in paging.by_cursor)
    others = max(read for paging in measured for read in paging.by_number)
    figure = (
        f"at most {most:,} rows read for a page of {LIMIT} by cursor (goal {MOST}), "
        f"{others:,} by page number with its total"
    )
    return Verdict(("Sort, after", *ways), rows, figure, most <= MOST)
