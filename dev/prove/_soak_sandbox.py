"""A sandbox of a soak: the app as Lambda runs it, and what its clients do all day."""

import random

from dev.prove._soak_client import PATIENCE, Client, Deed
from dev.prove._soak_crew import hung_up, receive

TASKS = "/api/me/tasks"
STALE = 412
FULL = 1900
"""Characters in a ledger; a description holds 2000."""


class Sandbox:
    """Its tasks are changed and deleted by nobody else; the ledgers it shares with all others.

    A ledger is a task to whose description names of deeds are added, each by a change that is
    guarded with the version read before: whoever overlooks another's change would erase a name.
    """

    def __init__(
        self, number: int, token: str, ledgers: list[str], pause: float, seed: int
    ) -> None:
        self.chance = random.Random(f"{seed} {number}")  # noqa: S311  to be repeated, not secret
        self.client = Client(number, token, pause, self.chance)
        self.number, self.ledgers = number, ledgers
        self.own: list[str] = []
        self.deeds = 0

    def live(self) -> None:
        often = {
            self.add: 25,
            self.add_batch: 5,
            self.append: 15,
            self.change: 15,
            self.change_batch: 5,
            self.delete: 10,
            self.delete_batch: 3,
            self.read: 22,
        }
        while not hung_up():
            (do,) = self.chance.choices([*often], [*often.values()])
            do()

    def add(self) -> None:
        name = self.name()
        self.keep(Deed(name, "add", "POST", TASKS, {"title": name}, (name,)))

    def add_batch(self) -> None:
        name = self.name()
        titles = tuple(f"{name} {letter}" for letter in "abc")
        body = {"items": [{"title": title} for title in titles]}
        self.keep(Deed(name, "add", "POST", f"{TASKS}/batch", body, titles))

    def append(self) -> None:
        """Read a ledger and write it with a name more, until nobody comes in between."""
        path = f"{TASKS}/{self.chance.choice(self.ledgers)}"
        for _ in range(PATIENCE):
            read, ledger = self.client.ask(Deed(self.name(), "read", "GET", path))
            if not read.succeeded or len(ledger["description"] or "") > FULL:
                return
            name, ids, version = self.name(), (ledger["id"],), ledger["version"]
            body = {"description": f"{ledger['description'] or ''}{name} "}
            deed = Deed(name, "append", "PATCH", path, body, ids=ids, version=version)
            if self.client.insist(deed).status != STALE:
                return

    def change(self) -> None:
        name, (id,) = self.name(), self.some(1)
        body = {"tags": [name]}
        self.client.insist(Deed(name, "change", "PATCH", f"{TASKS}/{id}", body, ids=(id,)))

    def change_batch(self) -> None:
        name, ids = self.name(), self.some(3)
        body = {"items": [{"id": id, "tags": [name]} for id in ids]}
        self.client.insist(Deed(name, "change", "PATCH", f"{TASKS}/batch", body, ids=ids))

    def delete(self) -> None:
        for id in self.taken(1):
            self.client.insist(Deed(self.name(), "delete", "DELETE", f"{TASKS}/{id}", ids=(id,)))

    def delete_batch(self) -> None:
        if ids := self.taken(2):
            path, body = f"{TASKS}/batch-delete", {"ids": ids}
            self.client.insist(Deed(self.name(), "delete", "POST", path, body, ids=ids))

    def read(self) -> None:
        what = self.chance.choice([self.some(1)[0], "stats", "?limit=20"])
        path = f"{TASKS}/{what}".replace("/?", "?")
        self.client.ask(Deed(self.name(), "read", "GET", path))

    def name(self) -> str:
        self.deeds += 1
        return f"{self.number}.{self.deeds}"

    def keep(self, addition: Deed) -> None:
        self.own += self.client.insist(addition).seen

    def some(self, most: int) -> tuple[str, ...]:
        """Tasks of its own, and ledgers."""
        there = self.own + self.ledgers
        return tuple(self.chance.sample(there, min(most, len(there))))

    def taken(self, most: int) -> tuple[str, ...]:
        """Tasks of its own that nobody will use any more: they may be gone from now on."""
        self.chance.shuffle(self.own)
        taken, self.own = self.own[:most], self.own[most:]
        return tuple(taken)


def main() -> None:
    Sandbox(**receive()).live()


if __name__ == "__main__":
    main()
