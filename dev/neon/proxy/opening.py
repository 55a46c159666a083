"""How a client's connection begins: with TLS, as Neon wants it, or in plain text; how it ends."""

import asyncio
import socket
import ssl
import struct
from dataclasses import dataclass

from dev.neon.proxy.certificates import Certificates
from dev.neon.proxy.faults import Ending
from dev.neon.proxy.messages import GSS, OPENING, SSL

HANDSHAKE = 15.0  # seconds, as in Neon's proxy
GOODBYE = 0.2  # seconds: a client that is idle does not answer one
TLS_RECORD = 0x16  # the first byte of a TLS handshake, which begins no Postgres message


@dataclass
class Client:
    socket: socket.socket
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    secure: bool = False
    name: str | None = None
    """The host name that the client believes to be talking to (SNI)."""

    async def close(self) -> None:
        """Say goodbye and wait for the client's, unless the front itself is being stopped."""
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            pass
        except asyncio.CancelledError:
            self.writer.transport.abort()
            raise

    def end(self, how: Ending) -> None:
        if how == "close":
            self.writer.close()
        elif how == "fin":
            self.socket.shutdown(socket.SHUT_RDWR)
            self.writer.transport.abort()
        elif how == "rst":
            reset(self.socket)
            self.writer.transport.abort()


def reset(connection: socket.socket) -> None:
    """Make the close that follows a reset: without lingering, TCP drops the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def welcome(connection: socket.socket, certificates: Certificates) -> Client:
    """Agree on TLS, in both ways that libpq knows (sslnegotiation=postgres and =direct)."""
    loop = asyncio.get_running_loop()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while (first := await _peek(connection))[0] != TLS_RECORD:
        length, code = struct.unpack("!II", first)
        if length != len(first) or code not in {SSL, GSS}:
            return Client(connection, *await asyncio.open_connection(sock=connection))
        connection.recv(length)
        await loop.sock_sendall(connection, b"S" if code == SSL else b"N")
        if code == SSL:
            return await _secured(connection, certificates)
    client = await _secured(connection, certificates)
    tls: ssl.SSLObject = client.writer.get_extra_info("ssl_object")
    if tls.selected_alpn_protocol() is None:  # a client of another protocol was led here
        client.writer.transport.abort()
        raise EOFError
    return client


async def _peek(connection: socket.socket) -> bytes:
    """The first bytes, left where they are: asyncio's TLS begins with an unread socket."""
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
    first = connection.recv(OPENING, socket.MSG_PEEK)
    if len(first) < OPENING:  # no client sends so short a packet
        raise EOFError
    return first


async def _secured(connection: socket.socket, certificates: Certificates) -> Client:
    names: list[str | None] = []
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol,
        connection,
        ssl=certificates.context(names.append),
        ssl_handshake_timeout=HANDSHAKE,
        ssl_shutdown_timeout=GOODBYE,
    )
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    return Client(connection, reader, writer, secure=True, name=names[0] if names else None)
