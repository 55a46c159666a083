"""A proxy between a client and Postgres that counts the round trips between them.

It counts what crossed the wire, not what a library says it sent: hidden BEGINs, SETs and pings
show here. It reads plain text, which is what an embedded Postgres on loopback speaks.
"""

import contextlib
import itertools
import select
import socket
import socketserver
import threading
from collections.abc import Iterable
from typing import Any, NamedTuple, Self

from sqlalchemy.engine import make_url

from dev.protocol import Conversation, Message


class Counts(NamedTuple):
    connections: int
    handshake_trips: int
    trips: int
    kinds: tuple[str, ...]

    @classmethod
    def of(cls, messages: Iterable[Message]) -> Self:
        messages = tuple(messages)
        return cls(
            connections=len({message.connection for message in messages}),
            handshake_trips=sum(sent.begins_trip and sent.handshake for sent in messages),
            trips=sum(sent.begins_trip and not sent.handshake for sent in messages),
            kinds=tuple(message.kind for message in messages),
        )


class CountingProxy(socketserver.ThreadingTCPServer):
    """`with CountingProxy(database_url) as proxy:` counts what is sent through `proxy.url`."""

    def __init__(self, database_url: str) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        url = make_url(database_url)
        self._postgres = (url.host or "127.0.0.1", url.port or 5432)
        url = url.set(host="127.0.0.1", port=self.server_address[1])
        self.url = url.render_as_string(hide_password=False)
        self.messages: list[Message] = []
        self._numbers = itertools.count(1)
        # Every relay also listens to this pair: closing one end ends them all.
        self._running, self._closed = socket.socketpair()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._running.close()
        self.server_close()
        self._closed.close()

    def snapshot(self) -> Counts:
        """What was sent since the last reset."""
        return Counts.of(self.messages)

    def reset(self) -> None:
        self.messages.clear()

    def take(self) -> Counts:
        counts = self.snapshot()
        self.reset()
        return counts

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Serve one connection, in the thread that socketserver made for it."""
        with contextlib.suppress(OSError), socket.create_connection(self._postgres) as server:
            self._relay(request, server, Conversation(next(self._numbers)))

    def _relay(
        self, client: socket.socket, server: socket.socket, conversation: Conversation
    ) -> None:
        """One thread for both directions: with two, one blocks in recv() while the other closes."""
        for end in (client, server):  # or the end of a long answer waits 40 ms for an ACK
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            readable, _, _ = select.select([client, server, self._closed], [], [])
            for source in readable:
                data = source.recv(65536)
                if not data:
                    return
                if source is client:
                    self.messages.extend(conversation.client_says(data))
                    server.sendall(data)
                else:
                    conversation.server_says(data)
                    client.sendall(data)
