"""Carries messages between a client and its compute, and cuts where a fault says so."""

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Iterator

from dev.neon.proxy.faults import Cut, Faults, Received, Sent
from dev.neon.proxy.messages import TERMINATE, error, whole
from dev.neon.proxy.opening import Client
from dev.neon.proxy.upstream import Upstream
from dev.postgres import HOST

Split = Callable[[bytearray], Iterator[bytes]]
"""Cuts every whole message off a buffer."""

RECORD = 5  # bytes: a TLS record's type, its version, and a length that counts none of the five
RECORD_TYPES = range(20, 24)


async def relay(client: Client, upstream: Upstream, faults: Faults, split: Split = whole) -> None:
    """Return when either side has ended; both directions flow at once, each at its own pace."""
    there, back = _Gate(Sent, faults, split), _Gate(Received, faults, split)
    pumps = [
        asyncio.create_task(_pump(client.reader, upstream.writer, there)),
        asyncio.create_task(_pump(upstream.reader, client.writer, back)),
    ]
    try:
        done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
    cut = next(iter(done)).result()
    if cut:
        await _end(client, cut)


async def _pump(source: StreamReader, sink: StreamWriter, gate: "_Gate") -> Cut | None:
    """Pass on whole messages until the source ends, or until the cut that is returned."""
    buffer = bytearray()
    while gate.cut is None and (data := await source.read(65536)):
        buffer += data
        sink.write(b"".join(gate.passing(message) for message in gate.split(buffer)))
        await sink.drain()
    return gate.cut


class _Gate:
    """One direction of one connection: open, until a fault is taken and has counted to its end."""

    def __init__(self, kind: type[Cut], faults: Faults, split: Split) -> None:
        self._kind, self._faults, self.split = kind, faults, split
        self._taken: Cut | None = None
        self._left = 0
        self._cleared = faults.cleared
        self.cut: Cut | None = None

    def passing(self, message: bytes) -> bytes:
        """As much of the message as is let through."""
        if self.cut:
            return b""
        if self._cleared != self._faults.cleared:
            self._cleared, self._taken = self._faults.cleared, None
        if self._taken is None and message[:1] != TERMINATE:  # who leaves by himself leaves it be
            self._taken = self._faults.take(self._kind)
            self._left = self._taken.messages if self._taken else 0
        return self._counted(message, self._taken) if self._taken else message

    def _counted(self, message: bytes, taken: Cut) -> bytes:
        taken.sizes.append(len(message))
        inside = self._left == 0
        self._left -= not inside
        if inside or (self._left == 0 and taken.bytes == 0):
            self.cut = taken
        return message[: taken.bytes] if inside else message


async def _end(client: Client, cut: Cut) -> None:
    if cut.words:
        client.writer.write(error(cut.words.text, cut.words.code, cut.words.severity))
    while cut.how == "hang" and await client.reader.read(65536):
        pass  # until the client gives up
    client.end(cut.how)


async def swallow(connection: socket.socket) -> None:
    """Read until the client gives up."""
    while await asyncio.get_running_loop().sock_recv(connection, 65536):
        pass


async def endanger(
    connection: socket.socket, cut: Cut, serve: Callable[[socket.socket], Awaitable[None]]
) -> None:
    """Serve a new connection, TLS and all, across a line that will be cut."""
    near, far = _line()
    client = Client(connection, *await asyncio.open_connection(sock=connection))
    server = Upstream(*await asyncio.open_connection(sock=far))
    faults = Faults()
    faults.add(cut)

    async def carry() -> None:
        try:
            await relay(client, server, faults, records)
        finally:
            client.writer.close()
            server.writer.close()

    async def answer() -> None:
        with near:
            await serve(near)

    # Whoever ends first closes the line, which ends the other.
    for ended in await asyncio.gather(carry(), answer(), return_exceptions=True):
        if ended:
            raise ended


def _line() -> tuple[socket.socket, socket.socket]:
    """Both ends of a TCP connection, since TLS is served on nothing less."""
    with socket.create_server((HOST, 0)) as server:
        far = socket.create_connection(server.getsockname())
        near, _ = server.accept()
    near.setblocking(False)  # noqa: FBT003  its one argument
    return near, far


def records(buffer: bytearray) -> Iterator[bytes]:
    """Cut every whole TLS record off the buffer; what comes before TLS is passed on as it is."""
    while buffer:
        length = len(buffer)
        if buffer[0] in RECORD_TYPES:
            length = RECORD + int.from_bytes(buffer[3:RECORD])
            if len(buffer) < max(length, RECORD):
                return
        yield bytes(buffer[:length])
        del buffer[:length]
