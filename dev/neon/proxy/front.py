"""Neon's proxy: takes clients by TLS and SCRAM, wakes their compute, and steps out of the way."""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from dev.neon.proxy.certificates import Certificates
from dev.neon.proxy.faults import Faults
from dev.neon.proxy.session import Lookup, Sessions

HOST = "127.0.0.1"
WAKING = 64  # clients that may wait for a wake at once, each of them in a thread


class Front:
    """Serves from start() to stop(), in a thread of its own; `port` is where."""

    def __init__(
        self, lookup: Lookup, certificates: Certificates, faults: Faults, port: int = 0
    ) -> None:
        self._sessions = Sessions(lookup, certificates, faults)
        self.port = port

    def start(self) -> None:
        self._listener = socket.create_server((HOST, self.port), backlog=512)
        self._listener.settimeout(0)
        self.port = self._listener.getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), name="neon-front", daemon=True
        )
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Cut off every client."""
        self._loop.call_soon_threadsafe(self._serving.cancel)
        self._thread.join()
        self._listener.close()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(WAKING))
        self._serving = asyncio.create_task(self._accept())
        ready.set()
        with suppress(asyncio.CancelledError):
            await self._serving

    async def _accept(self) -> None:
        async with asyncio.TaskGroup() as sessions:
            while True:
                connection, _ = await self._loop.sock_accept(self._listener)
                sessions.create_task(self._sessions.serve(connection))
