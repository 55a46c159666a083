"""As many tasks as it takes to see how a large table behaves; the same ones every time."""

from collections.abc import Generator
from contextlib import closing

import psycopg2

from dev.local import libpq

CHUNK = 20_000

# Its id tells a task apart from those of people: version 7 as all others, of a day long gone, and
# counted. So a second run, or one after Ctrl-C, adds what is missing.
STATEMENT = """
INSERT INTO tasks (id, user_id, title, description, status, priority, tags, due_at, created_at)
SELECT
    (lpad(to_hex(1500000000000 + n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
    %(user)s,
    (ARRAY['Call', 'Write to', 'Visit', 'Remind', 'Pay'])[1 + n %% 5] || ' customer ' || n,
    CASE WHEN n %% 3 = 0 THEN repeat('What was agreed, and until when. ', 1 + n %% 8) END,
    (ARRAY['todo', 'in_progress', 'done'])[1 + n %% 3],
    (ARRAY['low', 'medium', 'high', 'urgent'])[1 + n %% 4],
    ARRAY['seeded', 'area-' || n %% 20],
    CASE WHEN n %% 4 > 0 THEN now() + make_interval(hours => n %% 2000 - 500) END,
    now() - make_interval(secs => n)
FROM generate_series(%(first)s, %(last)s) AS n
ON CONFLICT DO NOTHING
"""


def add_tasks(url: str, number: int, user: str) -> Generator[tuple[int, int]]:
    """Add them chunk by chunk; yields how many are there by then, and how many of them are new."""
    with closing(psycopg2.connect(libpq(url))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for first in range(1, number + 1, CHUNK):
                last = min(number, first + CHUNK - 1)
                cursor.execute(STATEMENT, {"user": user, "first": first, "last": last})
                yield last, cursor.rowcount
            cursor.execute("ANALYZE tasks")
