"""What gives a first answer, as a script of its own: our door, or no more than its libraries.

It runs beside an unpacked zip, and is told in one line of JSON what it cannot know by itself.
"""

import sys

# Imports stand where they are measured, and nothing is imported for the measuring.
# ruff: noqa: PLC0415


def door(told: str) -> None:
    """Import Lambda's door, and have it answer one event."""
    import app.aws

    class Context:
        """As much of it as the app reads."""

        def get_remaining_time_in_millis(self) -> int:
            return 29_000

    import json

    answer = app.aws.handler(json.loads(told), Context())
    tell(str(answer["statusCode"]))


def bare(told: str) -> None:
    """Import the libraries that the door imports, connect meanwhile, and send one query."""
    import os
    import threading

    import psycopg2

    made = []
    connecting = threading.Thread(
        target=lambda: made.append(psycopg2.connect(os.environ["DATABASE_URL"]))
    )
    connecting.start()

    import importlib
    import json

    for name in json.loads(told):
        importlib.import_module(name)

    connecting.join()
    cursor = made[0].cursor()
    cursor.execute("SELECT id, title FROM tasks ORDER BY id LIMIT 51")
    cursor.fetchall()
    tell("200")


def tell(status: str) -> None:
    """When it was answered, by the clock that the machine shares, and what it took of a CPU."""
    import time

    print(status, time.monotonic(), time.process_time())


if __name__ == "__main__":
    {"door": door, "bare": bare}[sys.argv[1]](sys.argv[2])
