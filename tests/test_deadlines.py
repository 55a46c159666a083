"""Until when a request must be answered: our own setting, or the platform, whichever is sooner."""

import sys
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app import deadlines
from app.deadlines import MARGIN, deadline
from dev.lambda_function import Context

OURS = 25.0


def seconds(scope: dict[str, Any]) -> float:
    return deadline(scope) - time.time()


def on_vercel(monkeypatch: pytest.MonkeyPatch, moment: datetime | None) -> None:
    """As in a bundle that Vercel built: its runtime is there, and has read the header."""
    monkeypatch.setitem(sys.modules, "vercel_runtime", SimpleNamespace(get_deadline=lambda: moment))


def test_without_a_platform_it_is_the_setting() -> None:
    assert seconds({}) == pytest.approx(OURS, abs=1)


@pytest.mark.parametrize(("given", "expected"), [(6, 6 - MARGIN), (900, OURS)])
def test_lambda_s_remaining_time_counts_where_it_is_shorter(given: float, expected: float) -> None:
    assert seconds({"aws.context": Context(given)}) == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(("given", "expected"), [(6, 6 - MARGIN), (300, OURS), (None, OURS)])
def test_vercel_s_deadline_counts_where_it_is_sooner(
    monkeypatch: pytest.MonkeyPatch, given: float | None, expected: float
) -> None:
    moment = given and datetime.now(UTC) + timedelta(seconds=given)
    on_vercel(monkeypatch, moment or None)
    assert seconds({}) == pytest.approx(expected, abs=1)
    assert deadlines.on_lambda({}) is None
