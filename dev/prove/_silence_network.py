"""A network in front of a database that can fall silent: nothing arrives, and nobody is told.

It carries bytes and knows none of them, so TLS passes; and it counts the connections that are made.
"""

import asyncio
import socket
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine
from contextlib import ExitStack, closing, suppress
from typing import Self

HOST = "127.0.0.1"
ROOM = 64  # connections that the system accepts for us while we do not look
FULL = 0.1  # seconds in which the system has accepted a connection, if there is room for it


class Network:
    """`with Network(port) as network:` leads clients of `network.port` to the server at that port.

    What is under way when silence falls arrives after it, as on a route that was mended.
    """

    def __init__(self, server: int) -> None:
        self.connections = 0
        """How many clients came and said something."""
        self._server = server
        self._listener = socket.create_server((HOST, 0), backlog=ROOM)
        self._listener.setblocking(False)  # noqa: FBT003  its one argument
        self.port: int = self._listener.getsockname()[1]
        self._crowd = ExitStack()
        self._carried: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)), daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._crowd.close()
        self._loop.call_soon_threadsafe(self._accepting.cancel)
        self._thread.join()
        self._listener.close()

    def fall_silent(self) -> None:
        """For the connections there are and for new ones: those the system still accepts."""
        self._do(self._hush())

    def turn_away(self) -> None:
        """Silence that begins before a connection is accepted: the queue at the door is full."""
        self.fall_silent()
        self._listener.listen(0)
        for _ in range(2):  # one may just have been accepted, and left room
            with suppress(TimeoutError):
                while True:
                    self._queue()

    def heal(self) -> None:
        self._crowd.close()
        self._listener.listen(ROOM)
        self._do(self._speak())

    def cut(self) -> None:
        """End the connections there are, and let both sides know."""
        self._do(self._end())

    def _queue(self) -> None:
        waiting = self._crowd.enter_context(socket.socket())
        waiting.settimeout(FULL)
        waiting.connect((HOST, self.port))

    def _do(self, what: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result()

    async def _hush(self) -> None:
        self._open.clear()

    async def _speak(self) -> None:
        self._open.set()

    async def _end(self) -> None:
        for carried in self._carried:
            carried.cancel()
        await asyncio.gather(*self._carried, return_exceptions=True)

    async def _run(self, ready: threading.Event) -> None:
        self._loop, self._open = asyncio.get_running_loop(), asyncio.Event()
        self._open.set()
        self._accepting = asyncio.create_task(self._accept())
        ready.set()
        with suppress(asyncio.CancelledError):
            await self._accepting

    async def _accept(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await self._open.wait()
                connection, _ = await self._loop.sock_accept(self._listener)
                carried = group.create_task(self._carry(connection))
                self._carried.add(carried)
                carried.add_done_callback(self._carried.discard)

    async def _carry(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        with suppress(OSError), closing(writer):
            first = await reader.read(65536)
            self.connections += bool(first)
            await self._open.wait()
            answers, server = await asyncio.open_connection(HOST, self._server)
            with closing(server):
                server.write(first)
                there, back = self._pump(reader, server), self._pump(answers, writer)
                pumps = [asyncio.create_task(each) for each in (there, back)]
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()

    async def _pump(self, source: StreamReader, sink: StreamWriter) -> None:
        """Return when the source has ended, and its end could be told."""
        with suppress(OSError):
            while data := await source.read(65536):
                await self._open.wait()
                sink.write(data)
                await sink.drain()
            await self._open.wait()
