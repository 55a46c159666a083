"""What a client and Postgres say to each other: protocol 3, cut into messages and round trips."""

from collections.abc import Iterator
from typing import NamedTuple

# A connection's first messages carry no type letter but a code, in bytes 4 to 8.
OPENINGS = {
    0x0003_0000: "startup",
    0x0003_0002: "startup",
    80877102: "cancel",
    80877103: "ssl",
    80877104: "gss",
}
NEVER_AN_ANSWER = "ANS"  # notifications, notices and settings: the server sends them unasked
READY = "Z"
TERMINATE = "X"


class Message(NamedTuple):
    """What a client sent: its connection's number, and its type letter or the opening's name."""

    connection: int
    kind: str
    handshake: bool
    begins_trip: bool


class Conversation:
    """One connection's protocol state, fed with bytes as they come, however TCP has cut them.

    A round trip is a burst of the client that the server answers: it begins with the first message
    after an answer. The handshake lasts until the server is first ready for a query.
    """

    def __init__(self, connection: int) -> None:
        self._connection = connection
        self._sent, self._received = bytearray(), bytearray()
        self._opening = ""
        self._handshake = self._answered = True

    def client_says(self, data: bytes) -> Iterator[Message]:
        self._sent += data
        while kind := self._next_sent():
            begins_trip = self._answered and kind != TERMINATE
            self._answered = False
            yield Message(self._connection, kind, self._handshake, begins_trip)

    def server_says(self, data: bytes) -> None:
        self._received += data
        while kind := self._next_received():
            self._answered |= kind not in NEVER_AN_ANSWER
            self._handshake &= kind != READY

    def _next_sent(self) -> str:
        if self._opening == "startup":
            return _cut_typed(self._sent)
        opening = _cut_opening(self._sent)
        self._opening = opening or self._opening
        return opening

    def _next_received(self) -> str:
        if self._opening in {"ssl", "gss"}:  # answered by one bare letter
            return "answer" if _cut(self._received, 1) else ""
        return _cut_typed(self._received)


def _cut_typed(buffer: bytearray) -> str:
    """Cut a whole message off the buffer: a letter, then a length that counts itself, not it."""
    length = int.from_bytes(buffer[1:5])
    return _cut(buffer, 1 + max(length, 4))[:1].decode()


def _cut_opening(buffer: bytearray) -> str:
    opening = _cut(buffer, max(int.from_bytes(buffer[:4]), 8))
    return OPENINGS.get(int.from_bytes(opening[4:8]), "unknown") if opening else ""


def _cut(buffer: bytearray, length: int) -> bytes:
    """Cut exactly so many bytes off the buffer, or none until all have come."""
    if len(buffer) < length:
        return b""
    message = bytes(buffer[:length])
    del buffer[:length]
    return message
