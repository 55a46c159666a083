"""The few messages of protocol 3 that the front itself writes and reads."""

import struct
from asyncio import StreamReader
from collections.abc import Iterator, Mapping
from typing import NamedTuple

VERSION = 0x0003_0000
CANCEL, SSL, GSS = 80877102, 80877103, 80877104
OPENING = 8  # bytes: length and code
HEADER = 5  # bytes: type letter and length, which counts itself but not the letter
LONGEST_OPENING = 10_000  # as in Postgres, which takes the first bytes from anybody

TERMINATE = b"X"

OK, SASL, SASL_CONTINUE, SASL_FINAL = 0, 10, 11, 12


class Opening(NamedTuple):
    """A connection's first message, which has no type letter."""

    code: int
    body: bytes


class Message(NamedTuple):
    kind: bytes
    body: bytes

    def encoded(self) -> bytes:
        return self.kind + struct.pack("!I", len(self.body) + 4) + self.body


class Malformed(Exception):  # noqa: N818  the bytes are
    pass


async def read_opening(reader: StreamReader) -> Opening:
    length, code = struct.unpack("!II", await reader.readexactly(OPENING))
    if not OPENING <= length <= LONGEST_OPENING:
        raise Malformed
    return Opening(code, await reader.readexactly(length - OPENING))


async def read_message(reader: StreamReader) -> Message:
    kind, length = struct.unpack("!cI", await reader.readexactly(HEADER))
    return Message(kind, await reader.readexactly(max(length - 4, 0)))


def whole(buffer: bytearray) -> Iterator[bytes]:
    """Cut every whole message off the buffer."""
    while len(buffer) >= HEADER:
        length = 1 + max(int.from_bytes(buffer[1:HEADER]), 4)
        if len(buffer) < length:
            return
        yield bytes(buffer[:length])
        del buffer[:length]


def parameters(body: bytes) -> dict[str, str]:
    """What a startup packet says, as key and value in turn."""
    words = body.decode(errors="replace").rstrip("\0").split("\0")
    return dict(zip(words[::2], words[1::2], strict=False))


def startup(values: Mapping[str, str]) -> bytes:
    body = "".join(f"{key}\0{value}\0" for key, value in values.items()).encode() + b"\0"
    return struct.pack("!II", len(body) + 8, VERSION) + body


def cancel(key: bytes) -> bytes:
    return struct.pack("!II", 16, CANCEL) + key


def authentication(step: int, body: bytes = b"") -> bytes:
    return Message(b"R", struct.pack("!I", step) + body).encoded()


def only_version_3_0() -> bytes:
    """NegotiateProtocolVersion, to a client that asks for a later minor version."""
    return Message(b"v", struct.pack("!II", VERSION, 0)).encoded()


def error(text: str, code: str = "XX000", severity: str = "ERROR") -> bytes:
    """An error as Neon's proxy words all of its own: ERROR, not FATAL, and XX000."""
    fields = {"S": severity, "V": severity, "C": code, "M": text}
    body = "".join(f"{name}{value}\0" for name, value in fields.items())
    return Message(b"E", body.encode() + b"\0").encoded()


def fields(body: bytes) -> dict[str, str]:
    """What an error says: C is its SQLSTATE, M its text."""
    return {field[:1]: field[1:] for field in body.decode(errors="replace").split("\0") if field}
