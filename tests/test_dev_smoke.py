"""`thaw smoke` tells a deployment that is well from one that is not."""

import socket
from collections.abc import Iterator

import pytest
from psycopg2.extensions import cursor
from typer.testing import CliRunner, Result

from app.health.routes import readiness
from dev.cli import load
from dev.prove._served import served
from dev.smoke import TITLE
from tests.people import Person


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as found:
        yield found


@pytest.fixture
def behind(sql: cursor) -> Iterator[None]:
    """The schema lacks a revision."""
    readiness.until = 0
    sql.execute("SELECT version_num FROM alembic_version")
    was = sql.fetchone()
    sql.execute("UPDATE alembic_version SET version_num = '0000'")
    yield
    sql.execute("UPDATE alembic_version SET version_num = %s", was)
    readiness.until = 0


def smoke(*arguments: str) -> Result:
    return CliRunner().invoke(load("dev.smoke:smoke"), arguments)


def test_a_deployment_that_is_well_keeps_nothing_of_it(
    address: str, owner: Person, sql: cursor
) -> None:
    done = smoke(address, "--token", owner.token())
    assert done.exit_code == 0, done.output
    assert done.output.count("ok ") == 4
    assert owner.titles() == []
    sql.execute("SELECT count(*) FROM tasks WHERE title = %s AND deleted_at IS NULL", [TITLE])
    assert sql.fetchone() == (0,)


def test_without_a_token_nothing_is_written_and_that_is_said(address: str) -> None:
    done = smoke(address)
    assert done.exit_code == 0
    assert "nothing was written" in done.output


@pytest.mark.usefixtures("behind")
def test_a_schema_that_is_behind_is_wrong(address: str) -> None:
    done = smoke(address)
    assert done.exit_code == 1
    assert "WRONG  its database is at its revision" in done.output


def test_a_token_that_counts_for_nothing_is_wrong_and_not_shown(address: str) -> None:
    done = smoke(address, "--token", "a-secret")
    assert done.exit_code == 1
    assert "401" in done.output
    assert "a-secret" not in done.output


def test_nobody_there_is_wrong_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = smoke(f"http://127.0.0.1:{port}")
    assert done.exit_code == 1
    assert done.output.count("WRONG") == 3


def test_what_is_no_address_is_told_in_a_sentence() -> None:
    done = smoke("not an address")
    assert done.exit_code == 1
    assert "Traceback" not in done.output
