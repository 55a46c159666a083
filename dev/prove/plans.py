"""Explains every read of the API, and every step of a purge, in a large database."""

import importlib
import os
import time
from collections.abc import Generator
from contextlib import closing
from typing import Any

import psycopg2

from dev import Trouble
from dev.prove import Proof, Step, Verdict
from dev.prove._plans_fill import HEAVY, LIGHT, fill
from dev.prove._plans_judge import Measured, big_tables
from dev.prove._plans_measure import asker, purges
from dev.prove._plans_requests import reads
from dev.prove._stage import stage

ROWS = 500_000
GOAL = (
    f"every list and search, at {ROWS:,} rows of each kind, is read by index: no big table as a"
    " whole, and of none much more than the caller has."
)


COLUMNS = ("Request", "As", "ms", "Rows read", "By", "Fault")


def prove(rows: int = ROWS) -> Proof:
    began = time.monotonic()
    os.environ["SLOW_STATEMENT_MS"] = "60000"  # the table tells them
    yield Step("starting Postgres", 0)
    with stage() as proxy:
        yield Step(f"filling in {rows:,} tasks, documents and messages", 0.05)
        fill(proxy.url, rows)
        with closing(psycopg2.connect(proxy.url)) as connection:
            connection.autocommit = True
            measured = yield from measure(connection.cursor())
    return judge(measured, time.monotonic() - began)


def measure(cursor: Any) -> Generator[Step, None, list[Measured]]:
    """Every read as somebody who has a lot and as somebody who has little, then a purge."""
    big = big_tables(cursor)
    if small := {*importlib.import_module("app.tables").SQLModel.metadata.tables} - big:
        raise Trouble(f"Too few rows to prove anything: in {', '.join(sorted(small))}.")
    askers = [asker(cursor, name) for name in (HEAVY, LIGHT)]
    every, measured = reads(importlib.import_module("app.main").app.openapi()), list[Measured]()
    for done, read in enumerate(every):
        yield Step(f"GET {read}", 0.3 + 0.65 * done / len(every))
        measured += [each for asker in askers for each in asker.measure(read, big)]
    yield Step("purging", 0.95)
    return [*measured, *purges(cursor, big)]


def judge(measured: list[Measured], seconds: float) -> Verdict:
    good = sum(not each.faults for each in measured)
    slowest = max(measured, key=lambda each: each.milliseconds)
    figure = (
        f"{good} of {len(measured)} lists and searches read by index; the slowest took"
        f" {slowest.milliseconds:.0f} ms ({slowest.request}, as {slowest.caller}); all of it"
        f" {seconds:.0f} s"
    )
    return Verdict(COLUMNS, [*map(row, measured)], figure, good == len(measured))


def row(each: Measured) -> tuple[str, ...]:
    read = ", ".join(f"{rows:,} {table}" for table, rows in sorted(each.read.items()))
    by = ", ".join(each.ways)
    return each.request, each.caller, f"{each.milliseconds:.1f}", read, by, "; ".join(each.faults)
