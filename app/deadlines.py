"""Until when a request must be answered: its platform stops it soon after."""

import sys
import time
from typing import Any

from starlette.types import Scope

from app.settings import get_settings

MARGIN = 0.5
"""Seconds between our last moment and the platform's, to write the answer and hand it over."""


def deadline(scope: Scope) -> float:
    """In seconds since the epoch: REQUEST_TIMEOUT, or earlier if the platform says so."""
    ours = time.time() + get_settings().request_timeout
    theirs = on_lambda(scope) or on_vercel()
    return min(ours, theirs - MARGIN) if theirs else ours


def on_lambda(scope: Scope) -> float | None:
    context = scope.get("aws.context")
    return context and time.time() + context.get_remaining_time_in_millis() / 1000


def on_vercel() -> float | None:
    """Vercel's runtime reads the deadline's header, and takes it out of the request."""
    runtime: Any = sys.modules.get("vercel_runtime")
    moment = runtime.get_deadline() if runtime else None
    return moment.timestamp() if moment else None
