"""What a cluster holds: the role and database it begins with, and how its rows are taken out."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from psycopg2.extensions import cursor
from psycopg2.sql import SQL, Identifier, Literal

FAMILY = "neon_superuser"
"""Neon's group of owner roles, who are no superusers of Postgres."""

DATABASES = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate"

EMPTY = r"""
SET session_replication_role = replica; -- no trigger shall notice
DO $$
DECLARE
    kinds CONSTANT "char"[] = '{r,p,S,m}';
    one record;
BEGIN
    FOR one IN
        SELECT c.oid::regclass AS name, relkind AS kind
        FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE nspname <> 'information_schema' AND nspname !~ '^pg_' AND relkind = ANY (kinds)
    LOOP
        CASE one.kind
            WHEN 'S' THEN EXECUTE format('ALTER SEQUENCE %s RESTART', one.name);
            WHEN 'm' THEN EXECUTE format('REFRESH MATERIALIZED VIEW %s WITH NO DATA', one.name);
            ELSE EXECUTE format('TRUNCATE %s CASCADE', one.name);
        END CASE;
    END LOOP;
    PERFORM lo_unlink(oid) FROM pg_largeobject_metadata;
END $$
"""


def found(admin_url: str, role: str, password: str, database: str) -> None:
    """Give a new cluster its first role and database, with the rights that they have on Neon."""
    with connected(admin_url) as session:
        session.execute(f"CREATE ROLE {FAMILY} NOLOGIN CREATEDB CREATEROLE BYPASSRLS REPLICATION")
        session.execute("ALTER ROLE ALL SET idle_in_transaction_session_timeout = '5min'")
        session.execute(f"GRANT pg_read_all_data, pg_write_all_data, pg_monitor TO {FAMILY}")
        session.execute(
            SQL(
                "CREATE ROLE {} LOGIN CREATEDB CREATEROLE BYPASSRLS REPLICATION "
                "PASSWORD {} IN ROLE {}"
            ).format(Identifier(role), Literal(password), Identifier(FAMILY))
        )
        statement = SQL("CREATE DATABASE {} OWNER {}")
        session.execute(statement.format(Identifier(database), Identifier(role)))


def set_passwords(admin_url: str, passwords: dict[str, str]) -> None:
    with connected(admin_url) as session:
        for role, password in passwords.items():
            statement = SQL("ALTER ROLE {} PASSWORD {}")
            session.execute(statement.format(Identifier(role), Literal(password)))


def empty_out(admin_url: str) -> None:
    """Take every row out of every database."""
    with connected(admin_url) as session:
        session.execute(DATABASES)
        names = [name for (name,) in session.fetchall()]
    for name in names:
        with connected(admin_url, dbname=name) as session:
            session.execute(EMPTY)


@contextmanager
def connected(admin_url: str, **other: str) -> Iterator[cursor]:
    with closing(psycopg2.connect(admin_url, connect_timeout=5, **other)) as connection:
        connection.autocommit = True
        with connection.cursor() as session:
            yield session
