"""OpenTelemetry, where an SDK is set up: each request is told, and none of its values."""

import json
import os
import subprocess
import sys

from dev import ROOT
from tests.people import Person

TASK = "01980000-0000-7000-8000-00000000dead"
PROGRAM = """
import sys
from opentelemetry import trace, metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans, reader, provider = InMemorySpanExporter(), InMemoryMetricReader(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
metrics.set_meter_provider(MeterProvider([reader]))

from dev.events import Request
from dev.lambda_function import send

token = [("Authorization", f"Bearer {sys.argv[1]}"), ("Content-Type", "application/json")]
send(Request("GET", "/api/me/tasks?q=Zq7", token))
send(Request("POST", "/api/me/tasks", token, b'{"titel": "Zq7"}'))
send(Request("PATCH", f"/api/me/tasks/{sys.argv[2]}", token, b'{"titel": "Zq7"}'))
for span in spans.get_finished_spans():
    print(span.to_json(indent=None))
print(reader.get_metrics_data().to_json(indent=None))
"""


def test_spans_and_metrics_tell_routes_and_statuses_and_no_values(owner: Person) -> None:
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", PROGRAM, owner.token(), TASK],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    *spans, metrics = done.stdout.splitlines()
    served = [span for span in map(json.loads, spans) if "http.route" in span["attributes"]]
    told = [(span["name"], span["attributes"]["http.response.status_code"]) for span in served]
    assert told == [
        ("GET /api/{user_id}/tasks", 200),
        ("POST /api/{user_id}/tasks", 422),
        ("PATCH /api/{user_id}/tasks/{task_id}", 422),
    ]
    assert "http.server.request.duration" in metrics
    assert not any(secret in done.stdout for secret in ("Zq7", TASK, owner.id, owner.email))
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    traces = [line["trace_id"] for line in lines if line["message"] == "request"]
    assert traces == [span["context"]["trace_id"].removeprefix("0x") for span in served]
