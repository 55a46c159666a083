"""What OpenTelemetry may carry away: routes, statuses and times, and no value of a request.

FastAPI records spans and metrics where an SDK has been set up in the process; we ship none, and
without one this does nothing (https://opentelemetry.io/docs/specs/semconv/http/).
"""

from fastapi.telemetry import TelemetryConfig
from opentelemetry.trace import format_trace_id, get_current_span

CONFIG: TelemetryConfig = {"logs": False}
"""Its log records quote exceptions, and an exception may quote a row. Ours hold no values."""

REDACTED = {"url.path": "REDACTED", "url.query": "REDACTED"}
"""Users' ids are in one and what they search for in the other; `http.route` tells enough."""


def redact() -> None:
    """Take a request's values out of its span, before anything of it is exported."""
    get_current_span().set_attributes(REDACTED)


def trace_id() -> str | None:
    """The trace that the request belongs to, as the collector shows it; None without one."""
    context = get_current_span().get_span_context()
    return format_trace_id(context.trace_id) if context.is_valid else None
