"""What is known about the request being answered, wherever the code stands."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf
from time import perf_counter, time


@dataclass
class Facts:
    """Gathered while a request runs; its log line and its answers are written from them."""

    request_id: str = ""
    alone: bool = False
    """No other request runs in this process: AWS Lambda sends one at a time."""
    cold: bool = False
    """No request came to this process before."""
    began: float = field(default_factory=perf_counter)
    deadline: float = 0.0
    """When the answer must be on its way, in seconds since the epoch; 0 outside of requests."""

    trips: int = 0
    retries: int = 0
    pool_seconds: float = 0.0
    """Waiting for a connection that others use."""
    connect_seconds: float = 0.0
    wake_seconds: float = 0.0
    """Until the database took the statement: connecting, and tries that failed."""
    database_seconds: float = 0.0

    @property
    def seconds_left(self) -> float:
        """Until the deadline; below 0 when it has passed."""
        return self.deadline - time() if self.deadline else inf


facts: ContextVar[Facts] = ContextVar("facts", default=Facts())  # noqa: B039  outside requests: nobody reads it
