"""A disk so small that it can be filled."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

SIZE = "96m"  # a new cluster takes half of it


@contextmanager
def small_disk(directory: Path) -> Iterator[Path]:
    """A tmpfs in a new directory. Where nobody may mount one, the test is skipped."""
    directory.mkdir()
    ours = f"size={SIZE},mode=755,uid={os.geteuid()},gid={os.getegid()}"
    mounted = as_root("mount", "-t", "tmpfs", "-o", ours, "tmpfs", str(directory))
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted: {mounted.stderr.strip()}")
    try:
        yield directory
    finally:
        as_root("umount", "--lazy", str(directory))


def as_root(*command: str) -> subprocess.CompletedProcess[str]:
    if os.geteuid() != 0 and not shutil.which("sudo"):
        pytest.skip("root alone may mount a small disk")
    sudo = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    return subprocess.run([*sudo, *command], capture_output=True, check=False, text=True)  # noqa: S603


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Somebody else's file takes every byte that was free."""
    ballast = disk / "ballast"
    try:
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        yield
    finally:
        ballast.unlink()
