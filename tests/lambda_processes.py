"""Looks at a function's process from outside: its children, its sockets, its environment."""

from pathlib import Path

ESTABLISHED = "01"


def lives(pid: int) -> bool:
    """Whether it runs; of one that has died and is not buried, the command line is gone."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def children(pid: int) -> list[int]:
    """The processes that this one has started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def connected_ports(pid: int) -> set[int]:
    """The ports at the far ends of its TCP connections."""
    links = {descriptor.readlink().name for descriptor in Path(f"/proc/{pid}/fd").iterdir()}
    lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in lines]
    return {
        int(row[2].partition(":")[2], 16)
        for row in rows
        if row[3] == ESTABLISHED and f"socket:[{row[9]}]" in links
    }


def environment(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)
