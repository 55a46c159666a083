"""The same requests through uvicorn, AWS's runtime and Vercel's: the same answers."""

from typing import Any

import pytest
from psycopg2.extensions import cursor

from tests.needs import linux, needs, node, python
from tests.parity_answers import Answer, answers
from tests.parity_doors import DOORS
from tests.parity_requests import REQUESTS
from tests.people import sign_up

REFUSALS = {400, 401, 403, 404, 405, 409, 412, 413, 415, 422}


def test_the_requests_are_of_all_kinds() -> None:
    assert len(REQUESTS) >= 60
    assert {asked.status for asked in REQUESTS} == {200, 201, 204, 304} | REFUSALS
    methods = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}
    assert {asked.method for asked in REQUESTS} == methods


@needs(node, python, linux)
@pytest.mark.slow
def test_every_platform_gives_the_same_answers(sql: cursor) -> None:
    got: dict[str, list[Answer]] = {}
    for name, door in DOORS.items():
        me, mate = sign_up(sql, "me"), sign_up(sql, "mate")
        with door() as through:
            got[name] = answers(through, me, mate)
    expected = [asked.status for asked in REQUESTS]
    assert [answer.status for answer in got["uvicorn"]] == expected, wrong(got["uvicorn"])
    for name in set(DOORS) - {"uvicorn"}:
        assert differences(got["uvicorn"], got[name]) == []


def wrong(given: list[Answer]) -> list[Any]:
    pairs = zip(REQUESTS, given, strict=True)
    return [
        (asked[:3], answer.status, answer.body[:200])
        for asked, answer in pairs
        if asked.status != answer.status
    ]


def differences(one: list[Answer], other: list[Answer]) -> list[Any]:
    """Which requests were answered differently, and what differs."""
    return [
        (asked[:3], part, first, second)
        for asked, *both in zip(REQUESTS, one, other, strict=True)
        for part, first, second in zip(Answer._fields, *both, strict=True)
        if first != second
    ]
