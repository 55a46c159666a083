"""What can go wrong between a client and Neon, kept ready until the front makes it go wrong."""

import threading
from dataclasses import dataclass, field
from typing import Literal, TypeVar

Ending = Literal["close", "fin", "rst", "hang"]
"""How a cut ends: TLS says goodbye, only TCP does, nobody does and it is reset; or nothing ends,
and both sides wait for what never comes."""


class Fault:
    pass


class Arrival(Fault):
    """Meets a connection that has said nothing yet."""


@dataclass(frozen=True)
class Reset(Arrival):
    pass


@dataclass(frozen=True)
class Delay(Arrival):
    seconds: float


@dataclass(frozen=True)
class BlackHole(Arrival):
    """Accept, read, never answer."""


@dataclass(frozen=True)
class Answer(Fault):
    """Turns away, in Neon's words, a client that has shown its password."""

    text: str
    reason: str = ""
    """The control plane's own name for it, where it has one; clients never get to see it."""


@dataclass(frozen=True)
class Words:
    """What a session hears last."""

    text: str
    code: str
    severity: str = "FATAL"


@dataclass(frozen=True, kw_only=True)
class Cut(Fault):
    """Lets so many more messages pass, and so many bytes of the next one, then cuts both ways.

    The connection whose message is the next to pass takes the fault, and counts from there.
    """

    messages: int = 0
    bytes: int = 0
    how: Ending = "close"
    words: Words | None = None
    sizes: list[int] = field(default_factory=list, compare=False, repr=False)
    """Of the messages that it has counted: who lets many pass learns where cuts can be."""


class Sent(Cut):
    """Counts what the client sends."""


class Received(Cut):
    """Counts what the client receives: what it sent has been done by then."""


@dataclass(frozen=True)
class Early(Arrival):
    """Cuts a new connection, be it in the login: the messages that count here are TLS' records.

    Once it has met its connection, clear() does not end it.
    """

    cut: Cut


F = TypeVar("F", bound=Fault)


class Faults:
    """A queue that any thread may fill; a fault waits until it meets what it is made for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, int | None]] = []
        self.cleared = 0
        """How often; a cut that was taken before, and counts still, is void."""

    def add(self, fault: Fault, times: int | None = 1) -> None:
        """Let it happen so many times; None is for ever, which is until clear()."""
        with self._lock:
            self._waiting.append((fault, times))

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()
            self.cleared += 1

    def waiting(self) -> list[tuple[Fault, int | None]]:
        with self._lock:
            return list(self._waiting)

    def take(self, kind: type[F]) -> F | None:
        with self._lock:
            for place, (fault, times) in enumerate(self._waiting):
                if isinstance(fault, kind):
                    left = None if times is None else times - 1
                    self._waiting[place : place + 1] = [] if left == 0 else [(fault, left)]
                    return fault
        return None
