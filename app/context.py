"""What is known about the request being answered, wherever the code stands."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter


@dataclass
class Facts:
    """Gathered while a request runs; its log line and its problems are written from them."""

    request_id: str = ""
    alone: bool = False
    """No other request runs in this process: AWS Lambda sends one at a time."""
    began: float = field(default_factory=perf_counter)
    trips: int = 0
    database_seconds: float = 0.0


facts: ContextVar[Facts] = ContextVar("facts", default=Facts())  # noqa: B039  outside requests: nobody reads it
