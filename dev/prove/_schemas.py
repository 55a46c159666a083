"""Two databases on one server, migrated and compared."""

import os
import subprocess
import sys

import psycopg2

from dev import ROOT, Trouble
from dev.local import environment

# What makes one schema like another. NOT NULL is a column's, whatever it is called.
SCHEMA = """
SELECT table_name, column_name, data_type, is_nullable
FROM information_schema.columns WHERE table_schema = 'public'
UNION SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), ''
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION SELECT tablename, indexname, indexdef, '' FROM pg_indexes WHERE schemaname = 'public'
"""


def beside(url: str) -> str:
    """Make a second database on the same server."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE beside")
    connection.close()
    return url.rpartition("/")[0] + "/beside"


def migrate(url: str) -> None:
    """In a process of its own: this one may read its settings only once."""
    command = [sys.executable, "-m", "dev", "migrate", "up"]
    environ = os.environ | environment(url)
    done = subprocess.run(
        command, check=False, capture_output=True, cwd=ROOT, env=environ, text=True
    )
    if done.returncode:
        raise Trouble(done.stderr)


def differences(url: str, other: str) -> str:
    found = sorted(schema(url) ^ schema(other))
    return f"{len(found)} differences: {found[0]}" if found else "alike"


def schema(url: str) -> set[tuple[str, ...]]:
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        rows = {tuple(row) for row in cursor.fetchall()}
    connection.close()
    return rows
