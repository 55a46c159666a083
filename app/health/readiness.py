"""Can the database serve this code? Asked every 10 s at most: callers cannot keep it awake."""

import threading
import time

from sqlalchemy.exc import DBAPIError

from app.causes import sqlstate
from app.db import OneTrip
from app.errors import Problem
from app.health.queries import get_revision
from app.health.schemas import Pool, Ready
from app.outages import NotReady, Overloaded
from app.pool import Crowded, figures
from app.refusals import refusal
from app.tables import REVISION

KEPT = 10.0
UNDEFINED_TABLE = "42P01"


class Readiness:
    """The last answer, and until when it counts. By the wall clock: a sandbox may freeze."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.until = 0.0
        self.revision: str | None = None
        self.problem: Problem | None = None

    def get(self, db: OneTrip) -> Ready:
        with self.turn:
            if time.time() >= self.until:
                self.look(db)
                self.until = time.time() + KEPT
            revision, problem = self.revision, self.problem  # whoever looks next forgets them
        if problem:
            raise problem
        return Ready(revision=str(revision), pool=Pool(**figures()))

    def look(self, db: OneTrip) -> None:
        """Ahead is fine, since a deployment migrates first; behind is not."""
        self.problem = None
        try:
            self.revision = get_revision(db)
        except Crowded:
            self.problem = Overloaded()
        except DBAPIError as error:
            unmigrated = sqlstate(error) == UNDEFINED_TABLE
            self.problem = NotReady() if unmigrated else refusal(error)
        else:
            if (self.revision or "") < REVISION:
                self.problem = NotReady()
