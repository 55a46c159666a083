"""Stands before the function as Vercel does: says who asks and until when, and ends what is late.

One connection is one request; its bytes pass as they are, but for a few headers.
"""

import contextlib
import itertools
import select
import socket
import socketserver
import threading
import time
from datetime import UTC, datetime
from typing import Any, Self

REPLACED = (b"connection:", b"forwarded:", b"x-forwarded-", b"x-real-ip:", b"x-vercel-")
"""What callers send under these names counts for nothing."""

TIMED_OUT = (
    b"HTTP/1.1 504 Gateway Timeout\r\nx-vercel-error: FUNCTION_INVOCATION_TIMEOUT\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)
LONGEST_HEAD = 65536
LINGER = 1.0
"""Seconds in which a caller may finish sending what nobody reads: cut off, it would not read."""


class Front(socketserver.ThreadingTCPServer):
    """`with Front(port, function, seconds) as front:` a function answers each request in time."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, function: int, seconds: float) -> None:
        super().__init__(("127.0.0.1", port), socketserver.BaseRequestHandler)
        self.function, self.seconds = ("127.0.0.1", function), seconds
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.numbers = itertools.count(1)

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Serve one request, in the thread that socketserver made for it."""
        with contextlib.suppress(OSError):
            head, rest = read_head(request)
            if head:
                self.pass_on(request, head, rest, time.time() + self.seconds)

    def pass_on(self, client: socket.socket, head: bytes, rest: bytes, end: float) -> None:
        with socket.create_connection(self.function) as function:
            for each in (client, function):  # or small answers wait for an ACK
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            function.settimeout(self.seconds)
            taken(function, amended(head, end, next(self.numbers)) + rest)
            relay(client, function, end)
        part(client)


def read_head(client: socket.socket) -> tuple[bytes, bytes]:
    """A request's first line and headers, and what of its body came along; nothing of half one."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(LONGEST_HEAD)
        if not more or len(data) > LONGEST_HEAD:
            return b"", b""
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def amended(head: bytes, end: float, number: int) -> bytes:
    """https://vercel.com/docs/headers/request-headers, and what only the runtime gets to see."""
    first, *lines = head.split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(REPLACED)]
    host = [line.partition(b":")[2].strip() for line in lines if line.lower().startswith(b"host:")]
    moment = datetime.fromtimestamp(end, UTC).isoformat(timespec="milliseconds")
    added = {
        "connection": "close",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-host": host[0].decode("latin-1") if host else "",
        "x-forwarded-proto": "https",
        "x-real-ip": "127.0.0.1",
        "x-vercel-id": f"iad1::iad1::{number}",
        "x-vercel-internal-deadline": moment,
        "x-vercel-internal-invocation-id": str(number),
        "x-vercel-internal-request-id": str(number),
    }
    told = [f"{name}: {value}".encode("latin-1") for name, value in added.items()]
    return b"\r\n".join([first, *kept, *told, b"", b""])


def relay(client: socket.socket, function: socket.socket, end: float) -> None:
    """Both ways, until the answer is complete, the caller is gone, or the time is over."""
    answered, heard = False, [function, client]
    while readable := select.select(heard, [], [], max(0, end - time.time()))[0]:
        for source in readable:
            data = received(source)
            if not data:
                return
            if source is function:
                answered = True
                client.sendall(data)
            elif not taken(function, data):
                heard = [function]
    if not answered:
        client.sendall(TIMED_OUT)


def received(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except ConnectionResetError:  # raised only when all that came before it was read
        return b""


def taken(function: socket.socket, data: bytes) -> bool:
    """Whether it reads on: it may answer before it has the whole request, and hang up."""
    try:
        function.sendall(data)
    except (BrokenPipeError, ConnectionResetError, TimeoutError):
        return False
    return True


def part(client: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)
    client.settimeout(LINGER)
    while client.recv(65536):
        pass
