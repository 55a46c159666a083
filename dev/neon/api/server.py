"""Serves an ASGI app from a thread, on a port that the system picks."""

import socket
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from dev.postgres import HOST


class Server:
    def __init__(self, app: ASGIApp) -> None:
        # Signals stay the business of the program whose thread this is.
        config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)

    def start(self) -> None:
        """Requests wait in the socket's queue until the thread takes them: nothing to wait for."""
        self._socket = socket.create_server((HOST, 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = Thread(
            target=self._server.run, args=([self._socket],), name="neon-api", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
