"""Carries messages between a client and its compute, and cuts where a fault says so."""

import asyncio
from asyncio import StreamReader, StreamWriter

from dev.neon.proxy.faults import Cut, Faults, Received, Sent
from dev.neon.proxy.messages import TERMINATE, error, whole
from dev.neon.proxy.opening import Client
from dev.neon.proxy.upstream import Upstream


async def relay(client: Client, upstream: Upstream, faults: Faults) -> None:
    """Return when either side has ended; both directions flow at once, each at its own pace."""
    pumps = [
        asyncio.create_task(_pump(client.reader, upstream.writer, _Gate(Sent, faults))),
        asyncio.create_task(_pump(upstream.reader, client.writer, _Gate(Received, faults))),
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
        sink.write(b"".join(gate.passing(message) for message in whole(buffer)))
        await sink.drain()
    return gate.cut


class _Gate:
    """One direction of one connection: open, until a fault is taken and has counted to its end."""

    def __init__(self, kind: type[Cut], faults: Faults) -> None:
        self._kind, self._faults = kind, faults
        self._taken: Cut | None = None
        self._left = 0
        self.cut: Cut | None = None

    def passing(self, message: bytes) -> bytes:
        """As much of the message as is let through."""
        if self.cut:
            return b""
        if self._taken is None and message[:1] != TERMINATE:  # who leaves by himself leaves it be
            self._taken = self._faults.take(self._kind)
            self._left = self._taken.messages if self._taken else 0
        return self._counted(message, self._taken) if self._taken else message

    def _counted(self, message: bytes, taken: Cut) -> bytes:
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
