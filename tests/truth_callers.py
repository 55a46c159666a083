"""Callers who remember what they were told, and hold each answer against it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import httpx2

from tests.truth_faults import CALM, Trouble
from tests.truth_model import Row, World, due
from tests.truth_requests import UNGUARDED, Item, Values, Write
from tests.truth_stage import PEOPLE, Stage


class Call(NamedTuple):
    """Who asks, under which key, and what goes wrong meanwhile."""

    who: str
    key: str | None = None
    trouble: Trouble = CALM


class Callers:
    """Three people of whom `world` says what they have.

    Trouble that passes costs them time only. Trouble that lasts may cost an answer: a 503 has
    changed nothing, unless it says that the outcome is unknown, and then the same key settles it.
    """

    def __init__(self, here: Stage) -> None:
        self.here = here
        here.begin()
        self.world = World(names={name: name for name in PEOPLE})

    def items(
        self, what: str, ids: Sequence[str], values: Values, guard: int | None = None
    ) -> list[Item]:
        """The rows of a write; `guard` is how far the versions asked for are from the true ones."""
        if guard is None or what in UNGUARDED:
            return [Item(id, values) for id in ids]
        tasks = self.world.tasks
        versions = {id: tasks[id].version if id in tasks else 1 for id in ids}
        return [Item(id, values, versions[id] + guard) for id in ids]

    def write(self, call: Call, what: str, items: Sequence[Item]) -> None:
        write = Write(call.who, what, tuple(items if "batch" in what else items[:1]), call.key)
        expected = due(self.world, write)
        sent = {"json": write.body, "headers": write.headers}
        answer = self.here.ask(call.trouble, write.who, write.method, write.path, **sent)
        if answer.status_code != 503:
            assert (answer.status_code, code(answer)) == (expected.status, expected.code)
            self.world = self.named(expected.world)
            rows = self.here.shown(answer)
            assert rows == {id: self.world.tasks[id] for id in rows}
            return
        unknown = self.unanswered(call, answer)
        if unknown and self.here.world() == self.named(expected.world):
            self.world = self.named(expected.world)
        assert self.here.world() == self.world
        if call.key or not unknown:
            self.write(call._replace(trouble=CALM), what, items)

    def read(self, call: Call, path: str, rows: Mapping[str, Row], status: int = 200) -> None:
        answer = self.here.ask(call.trouble, call.who, "GET", path)
        if answer.status_code == 503:
            assert not self.unanswered(call, answer)
            answer = self.here.ask(CALM, call.who, "GET", path)
        assert (answer.status_code, self.here.shown(answer)) == (status, rows)

    def unanswered(self, call: Call, answer: httpx2.Response) -> bool:
        """Whether it says that the outcome is unknown; trouble that passes is no reason for it."""
        assert call.trouble.lasting, answer.text
        assert int(answer.headers["retry-after"]) > 0
        self.here.end_sessions()
        return code(answer) == "outcome_unknown"

    def named(self, world: World) -> World:
        """The world with the ids that the tables gave to what is new."""
        return world.named(id for id in self.here.world().tasks if id not in self.world.tasks)


def code(answer: httpx2.Response) -> str | None:
    return answer.json()["code"] if answer.is_error else None
