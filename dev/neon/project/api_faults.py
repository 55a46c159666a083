"""What a test may make the API suffer: refusals, rate limits, slow and failing operations."""

import time
from collections import deque
from dataclasses import dataclass, field

from dev.neon.project.refusals import Refusal, busy, unprocessable

MINUTE = 60

REFUSALS = {
    423: busy(),
    429: Refusal(429, "rate limit exceeded", retry_after=1),
    500: Refusal(500, "internal server error"),
    503: Refusal(503, "service unavailable"),
}


@dataclass
class ApiFaults:
    """Set its fields at any time; as made, it does no harm."""

    answers: deque[int] = field(default_factory=deque)
    """Statuses that the next requests get, one each, in place of an answer."""

    requests_a_minute: int | None = None
    branches: int = 10
    """As many as Neon's free plan has."""

    operation_seconds: float = 0
    failing_operations: int = 0
    """How many of the next operations fail."""

    _lately: deque[float] = field(default_factory=deque)

    def admit(self) -> None:
        """Count a request, and raise the Refusal that is due to it."""
        if self.answers:
            raise REFUSALS[self.answers.popleft()]
        now = time.monotonic()
        while self._lately and self._lately[0] < now - MINUTE:
            self._lately.popleft()
        if self.requests_a_minute is not None and len(self._lately) >= self.requests_a_minute:
            wait = int(self._lately[0] + MINUTE - now) + 1 if self._lately else MINUTE
            raise Refusal(429, "rate limit exceeded", retry_after=wait)
        self._lately.append(now)

    def admit_branch(self, existing: int) -> None:
        if existing >= self.branches:
            raise unprocessable("branches limit exceeded", "BRANCHES_LIMIT_EXCEEDED")

    def strike(self) -> None:
        """Fail the operation that asks, if its turn has come."""
        if self.failing_operations:
            self.failing_operations -= 1
            raise RuntimeError("a fault was injected")
