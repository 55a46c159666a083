"""Two requests with one key never run at once: the second is told so, whichever write it is."""

from typing import Any

import pytest
from psycopg2.extensions import cursor
from sqlmodel import SQLModel

from dev.prove._trips_endpoints import ENDPOINTS, Endpoint
from dev.prove._trips_things import Size, asked, fill
from tests.people import Person
from tests.problem import refused
from tests.test_idempotency import twin_running

WRITES = [endpoint for endpoint in ENDPOINTS if not endpoint.reads]


def everything(sql: cursor) -> list[Any]:
    """All that the database holds, a digest for each table."""
    found = []
    for name in SQLModel.metadata.tables:
        sql.execute(f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{name}" t')  # noqa: S608
        found.append((name, sql.fetchone()))
    return found


@pytest.mark.parametrize("write", WRITES, ids=lambda each: f"{each.method} {each.path}")
def test_a_write_whose_twin_is_running_does_nothing_and_can_be_repeated(
    owner: Person, sql: cursor, write: Endpoint
) -> None:
    method, target, body = asked(write, fill(sql, owner.id, Size(2)))
    url, key = f"http://test{target}", {"Idempotency-Key": "twin"}
    before = everything(sql)
    with twin_running(sql, owner, "twin"):
        answer = owner.request(method, url, json=body, headers=key)
    assert refused(answer, 409)["code"] == "in_progress"
    assert everything(sql) == before
    assert owner.request(method, url, json=body, headers=key).is_success
    assert everything(sql) != before
