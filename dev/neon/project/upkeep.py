"""What happens by itself: branches expire."""

from contextlib import suppress
from threading import Event, Thread

from dev.neon.project.branch_changes import delete_branch
from dev.neon.project.project import Project
from dev.neon.project.records import now
from dev.neon.project.refusals import Refusal

ROUND = 1.0  # seconds


class Upkeep:
    def __init__(self, project: Project) -> None:
        self._project = project
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="neon-upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(ROUND):
            expire(self._project)


def expire(project: Project) -> None:
    """Delete what has expired; what may not go now, such as a parent, is tried again."""
    for branch in list(project.state.branches.values()):
        if branch.expires_at and branch.expires_at <= now():
            with suppress(Refusal):
                delete_branch(project, branch.id)
