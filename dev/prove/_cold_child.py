"""What runs in a sandbox: reads requests, one JSON line each, and writes answers with their times.

A script, which imports nothing before it is told what: all that is measured is the function's own.
"""

import os
import sys
import time

BEGUN = time.monotonic()
"""By a clock that the whole machine shares, so that who started us can compare."""

ANSWERS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # what the function prints is its log

# Imports stand where they are measured.
# ruff: noqa: PLC0415


def function() -> None:
    """Import Lambda's door, then answer until nobody asks any more."""
    import app.aws  # noqa: F401

    tell(begun=BEGUN, imported=time.monotonic())
    import json

    from dev.events import Request
    from dev.lambda_function import send

    for line in sys.stdin:
        method, target, headers, body, timeout = json.loads(line)
        began = time.monotonic()
        answer = send(Request(method, target, headers, body.encode()), timeout=timeout)
        times = {"began": began, "ended": time.monotonic()}
        tell(**times, status=answer.status, headers=answer.headers, body=answer.body.decode())


def usual() -> None:
    """The same function, which connects when its first request needs a connection."""
    import app.wake

    app.wake.knock = lambda: None
    function()


def driver() -> None:
    """Connect, with nothing but psycopg2."""
    import psycopg2

    imported = time.monotonic()
    psycopg2.connect(os.environ["DATABASE_URL"]).close()
    tell(begun=BEGUN, imported=imported, connected=time.monotonic())


def tell(**what: object) -> None:
    import json

    print(json.dumps(what), file=ANSWERS)


if __name__ == "__main__":
    {"function": function, "usual": usual, "driver": driver}[sys.argv[1]]()
