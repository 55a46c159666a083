"""Says what is being done while it is being done: a spinner for people, plain lines for pipes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

console = Console(stderr=True, highlight=False, markup=False)


@contextmanager
def step(words: str) -> Iterator[None]:
    begun = time.monotonic()
    with console.status(f"{words} …"):  # shows nothing where there is no terminal
        yield
    console.print(f"✓ {words} ({time.monotonic() - begun:.1f} s)", soft_wrap=True)


def note(words: str) -> None:
    console.print(words, soft_wrap=True)
