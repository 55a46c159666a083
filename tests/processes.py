"""What a process reads once, read anew: as if the function had just been started."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def fresh_engine() -> Iterator[None]:
    """Read the environment again and connect again, now and once more at the end."""
    from app import pool  # noqa: PLC0415  the environment must be complete first
    from app.settings import get_settings  # noqa: PLC0415

    def forget() -> None:
        pool.forget()
        get_settings.cache_clear()

    forget()
    try:
        yield
    finally:
        forget()
