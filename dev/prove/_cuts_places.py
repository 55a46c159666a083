"""Where a conversation can be cut: between any two messages and inside each, and in which ways."""

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Literal, NamedTuple

from dev.neon.proxy.faults import Cut, Early, Ending, Fault, Received, Sent, Words

Situation = Literal["warm", "cold", "login"]
"""The connection rested in the pool; it is new; it is new, and cut from its first byte on: the
messages that count are TLS' records then."""


class Flow(NamedTuple):
    """What passes in one direction while a request is answered: the sizes of its messages."""

    situation: Situation
    direction: type[Cut]
    sizes: list[int]


class Way(NamedTuple):
    how: Ending
    times: int | None = 1
    """Twice is: once more on the retry's connection; None: on every one, until time is up."""

    words: Words | None = None

    def __str__(self) -> str:
        often = {1: "", 2: " twice", None: " each time"}[self.times]
        return f"{self.words.code if self.words else self.how}{often}"


WAYS = [Way("fin"), Way("rst"), Way("fin", 2), Way("rst", 2)]
SPOKEN = Way("close", words=Words("terminating connection due to administrator command", "57P01"))
ALWAYS = Way("fin", None)

BETWEEN: dict[Situation, list[Way]] = {"warm": [*WAYS, SPOKEN], "cold": WAYS[:2]}
"""Twice is for warm connections: the second, the retry's, is a cold one."""


class Place(NamedTuple):
    """After so many whole messages, and so many bytes of the next."""

    situation: Situation
    direction: type[Cut]
    messages: int
    bytes: int
    way: Way

    @property
    def cold(self) -> bool:
        return self.situation != "warm"

    @property
    def passable(self) -> bool:
        """Whether any of its connections gets through the login."""
        return self.situation != "login" or self.way.times is not None

    def cut(self) -> Cut:
        how, _, words = self.way
        return self.direction(messages=self.messages, bytes=self.bytes, how=how, words=words)

    def fault(self, cut: Cut) -> Fault:
        return Early(cut) if self.situation == "login" else cut

    def came(self, cut: Cut) -> bool:
        """Whether so much has passed. TLS need not pack the same messages alike each time."""
        inside = self.bytes > 0 or self.messages == 0
        return len(cut.sizes) >= self.messages + inside

    def __str__(self) -> str:
        """As a person needs it to find the place again."""
        passed = "sent" if self.direction is Sent else "received"
        counted = "records" if self.situation == "login" else "messages"
        place = f"{self.situation}, {passed} {self.messages} {counted}"
        return f"{place} and {self.bytes} bytes, {self.way}"


def places(flows: list[Flow], turn: int, *, settles: bool = False) -> Iterator[Place]:
    """Every place, in all of its ways between messages; elsewhere the ways take turns.

    A request that was heard on a warm connection only is cut once between any two messages and
    once inside each, in turn; where it `settles`, also on each connection until time is up.
    """
    turns = islice(cycle(WAYS), turn % len(WAYS), None)
    thorough = {flow.situation for flow in flows} > {"warm"}
    for situation, direction, sizes in flows:
        for messages, inside in spots(situation, sizes, None if thorough else turn):
            ways = BETWEEN.get(situation) if thorough and not inside else None
            for way in ways or [next(turns)]:
                yield Place(situation, direction, messages, inside, way)
        if (thorough and situation != "cold") or (settles and direction is Received):
            yield Place(situation, direction, 0, 0, ALWAYS)


def spots(situation: Situation, sizes: list[int], turn: int | None) -> Iterator[tuple[int, int]]:
    """Between messages, and inside each at its first byte, in the middle and before its last.

    At one of these where they take turns. A TLS record counts only as a whole: one byte inside is
    as good as another.
    """
    yield 0, 0
    for number, size in enumerate(sizes):
        insides = [size // 2] if situation == "login" else sorted({1, size // 2, size - 1})
        if turn is not None:
            insides = [insides[(turn + number) % len(insides)]]
        yield from ((number, inside) for inside in insides)
        yield number + 1, 0
