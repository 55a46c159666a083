"""Lambda's SnapStart: no socket goes into a snapshot, and what wakes from one knocks anew."""

from app import pool, wake


def install() -> None:
    """Register the hooks that Lambda calls, where it is about to take a snapshot.

    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
    """
    if wake.in_snapshot():
        import snapshot_restore_py  # noqa: PLC0415  part of Lambda's runtime, and of nothing else

        snapshot_restore_py.register_before_snapshot(pool.forget)
        snapshot_restore_py.register_after_restore(wake.begin)
