"""A large database: rows of many, of one who has a fifth of all, and of one who has few."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg2

HEAVY, LIGHT = "heavy", "light"

# Rows come as time went on. Nobody else has as many as the heavy one; a few of the others have a
# good deal more than most. Every fourth is shared, if its owner is in a team; every 20th deleted.
PEOPLE = """
INSERT INTO "user" (id, name, email, "emailVerified")
SELECT id, initcap(id), id || '@example.com', true FROM (
    SELECT CASE n WHEN 1 THEN 'heavy' WHEN 2 THEN 'light' ELSE 'user' || n END AS id
    FROM generate_series(1, %(rows)s / 20) n
) made;
INSERT INTO teams (id, name, created_at)
SELECT md5('team' || t)::uuid, 'Team ' || hashint4(t), now() - t * interval '1 hour'
FROM generate_series(1, %(rows)s / 20) t;
INSERT INTO members (team_id, user_id, role)
SELECT md5('team' || t)::uuid, 'user' || 3 + (t * 7 + m) %% (%(rows)s / 20 - 2),
    CASE m WHEN 0 THEN 'owner' ELSE 'member' END
FROM generate_series(1, %(rows)s / 20) t,
    generate_series(0, CASE t WHEN 1 THEN 200 ELSE 4 END) m;
INSERT INTO members (team_id, user_id) SELECT md5('team' || t)::uuid, who
FROM (VALUES ('heavy', 60), ('light', 2)) joined (who, teams), generate_series(1, teams) t;
INSERT INTO tombstones (user_id, created_at)
SELECT 'gone' || n, now() - interval '60 days' * (1 - n / (%(rows)s / 20.0))
FROM generate_series(1, %(rows)s / 20) n;
INSERT INTO operations (user_id, key, fingerprint, result_ids, wanted, done, created_at)
SELECT 'user' || n %% 1000, 'key' || n, md5(n::text), '{}', 1, 1,
    now() - interval '96 hours' * (1 - n / (%(rows)s / 5.0))
FROM generate_series(1, %(rows)s / 5) n
"""

MADE = """
WITH in_teams AS MATERIALIZED (
    SELECT user_id, array_agg(team_id) AS teams FROM members GROUP BY user_id
), owned AS (
    SELECT i, hashint4(i) & 2147483647 AS chance, CASE
        WHEN i %% 5 = 0 THEN 'heavy'
        WHEN i %% (%(rows)s / 50) = 1 THEN 'light'
        ELSE 'user' || 3 + floor(random() ^ 2 * (%(rows)s / 20 - 2)) END AS user_id
    FROM generate_series(1, %(rows)s) i
), made AS (
    SELECT i, chance, user_id,
        CASE WHEN chance %% 4 = 0 THEN teams[1 + (chance / 4) %% cardinality(teams)] END
            AS team_id,
        CASE WHEN chance %% 3 = 0 THEN 'Plan ' ELSE 'Note ' END || 'word' || chance %% 5000
            || CASE WHEN i %% (%(rows)s / 10) IN (0, 1) THEN ' zebra' ELSE '' END AS title,
        now() - interval '1 year' * (1 - i / %(rows)s.0) AS created_at,
        now() - interval '1 year' * (1 - i / %(rows)s.0) * random() AS updated_at,
        CASE WHEN hashint4(i + 1) %% 20 = 0 THEN now() - interval '60 days' * random() END
            AS deleted_at
    FROM owned LEFT JOIN in_teams USING (user_id)
)
"""

TASKS = """
INSERT INTO tasks (id, user_id, team_id, title, description, status, completed_at, priority, tags,
    due_at, created_at, updated_at, deleted_at)
SELECT uuidv7(created_at - now()), user_id, team_id, title, 'Said of it: word' || i %% 5000,
    CASE WHEN chance %% 5 < 2 THEN 'todo' WHEN chance %% 5 = 2 THEN 'in_progress' ELSE 'done' END,
    CASE WHEN chance %% 5 > 2 THEN updated_at END,
    (ARRAY['low', 'medium', 'high', 'urgent'])[1 + (chance / 5) %% 4],
    CASE (chance / 20) %% 50 WHEN 0 THEN ARRAY['home', 'rare'] WHEN 1 THEN '{}'
        ELSE ARRAY['home'] END,
    CASE WHEN chance %% 3 <> 1 THEN created_at + interval '30 days' * random() END,
    created_at, updated_at, deleted_at
FROM made
"""

DOCUMENTS = """
INSERT INTO documents (id, user_id, team_id, title, content, created_at, updated_at, deleted_at)
SELECT uuidv7(created_at - now()), user_id, team_id, title,
    repeat('What a garden needs is water, and word' || i %% 5000 || ' says so. ',
        CASE WHEN i %% 1000 < 6 THEN 500 ELSE 2 END),
    created_at, updated_at, deleted_at
FROM made
"""

# The first conversation has a tenth of all messages, and is the heavy one's.
MESSAGES = """
INSERT INTO conversations (id, user_id, title, created_at, updated_at, deleted_at)
SELECT md5('talk' || c)::uuid,
    CASE WHEN c = 1 OR c %% 5 = 0 THEN 'heavy' WHEN c %% (%(rows)s / 500) = 2 THEN 'light'
        ELSE 'user' || 3 + floor(random() ^ 2 * (%(rows)s / 20 - 2)) END,
    'Talk ' || c, now() - interval '1 year' * (1 - c / (%(rows)s / 10.0)),
    now() - interval '1 year' * (1 - c / (%(rows)s / 10.0)) * random(),
    CASE WHEN hashint4(c + 1) %% 20 = 0 AND c > 1 THEN now() - interval '60 days' * random() END
FROM generate_series(1, %(rows)s / 10) c;
INSERT INTO messages (id, conversation_id, user_id, role, content, created_at)
SELECT uuidv7(created_at - now()), c.id, user_id, 'user', 'Said ' || i, created_at
FROM (
    SELECT i, now() - interval '1 year' * (1 - i / %(rows)s.0) AS created_at, md5('talk' ||
        CASE WHEN i %% 10 = 0 THEN 1 ELSE 2 + i %% (%(rows)s / 10 - 1) END)::uuid AS id
    FROM generate_series(1, %(rows)s) i
) said JOIN (SELECT id, user_id FROM conversations) c USING (id);
UPDATE conversations SET message_count = n FROM (
    SELECT conversation_id, count(*) AS n FROM messages GROUP BY conversation_id
) counted WHERE id = conversation_id
"""

INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename = ANY (%s)
    AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""

PARTS = {
    ("tasks",): MADE + TASKS,
    ("documents",): MADE + DOCUMENTS,
    ("conversations", "messages"): MESSAGES,
}


def fill(url: str, rows: int) -> None:
    """So many tasks, documents and messages each, and what they belong to."""
    send(url, lambda cursor: cursor.execute(PEOPLE, {"rows": rows}))
    with ThreadPoolExecutor() as crew:
        parts = [partial(load, rows=rows, tables=[*of], sql=sql) for of, sql in PARTS.items()]
        list(crew.map(partial(send, url), parts))
    send(url, lambda cursor: cursor.execute("VACUUM ANALYZE"))


def load(cursor: Any, rows: int, tables: list[str], sql: str) -> None:
    """Without indexes, which are made again behind it: that takes half as long."""
    cursor.execute(INDEXES, (tables,))
    indexes = dict(cursor.fetchall())
    cursor.execute(f"DROP INDEX {', '.join(indexes)}")
    cursor.execute(sql, {"rows": rows})
    for index in indexes.values():
        cursor.execute(index)


def send(url: str, work: Callable[[Any], None]) -> None:
    """Past all triggers and foreign keys: the rows are made as those would have them."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET maintenance_work_mem = '256MB'")
        work(cursor)
    connection.close()
