"""The Runtime API that Lambda serves to a function's process, for the life of one process.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import queue
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from uuid import uuid4

ROOT = "/2018-06-01/runtime/"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:thaw"

LARGEST = 6_291_556
"""Bytes of an answer: 6 MB, and a little for the envelope. It is refused as RIE refuses it."""

TOO_LARGE = f"Response payload size exceeded maximum allowed payload size ({LARGEST} bytes)."

NEXT, RESTORE, REFUSED, EXIT = "invocation/next", "restore/next", "refused", "exit"


class Heard(NamedTuple):
    """What the process has said: the path below ROOT, or how it ended; `at` by the monotonic clock.

    An answer to an invocation is `response` or `error`, whichever invocation it is: there is one.
    """

    what: str
    body: bytes
    at: float


class Given(NamedTuple):
    body: bytes
    headers: dict[str, str]


class RuntimeApi(ThreadingHTTPServer):
    """Serves at `address` while its block lasts; `hear` is what came, in its order."""

    daemon_threads = True
    block_on_close = False  # a request for the next event has no end of its own

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.address = f"127.0.0.1:{self.server_port}"
        self.heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self.given: queue.SimpleQueue[Given | None] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.given.put(None)
        self.shutdown()
        self.server_close()

    def hear(self, seconds: float) -> Heard | None:
        try:
            return self.heard.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None

    def tell(self, what: str, body: bytes = b"") -> None:
        self.heard.put(Heard(what, body, time.monotonic()))

    def invoke(self, event: Any, seconds: float) -> str:
        """Answer the process that waits for an event; returns the invocation's id."""
        id = str(uuid4())
        headers = {
            "Lambda-Runtime-Aws-Request-Id": id,
            "Lambda-Runtime-Deadline-Ms": str(int(1000 * (time.time() + seconds))),
            "Lambda-Runtime-Invoked-Function-Arn": ARN,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{id.replace('-', '')[:24]}",
        }
        self.given.put(Given(json.dumps(event).encode(), headers))
        return id

    def restore(self) -> None:
        """Answer the process that waits to be woken from its snapshot."""
        self.given.put(Given(b"{}", {}))


class Conversation(BaseHTTPRequestHandler):
    # One write per answer, at once: else each event waits 40 ms for the acknowledgement of half.
    disable_nagle_algorithm = True
    wbufsize = -1
    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def do_GET(self) -> None:
        self.server.tell(self.path.removeprefix(ROOT))
        given = self.server.given.get()
        if given is None:  # whoever asked is gone
            self.close_connection = True
        else:
            self.answer(HTTPStatus.OK, *given)

    def do_POST(self) -> None:
        body = self.body()
        if len(body) > LARGEST:
            self.server.tell(REFUSED)
            why = {"errorType": "RequestEntityTooLarge", "errorMessage": TOO_LARGE}
            self.answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, json.dumps(why).encode(), {})
            return
        path = self.path.removeprefix(ROOT)
        self.answer(HTTPStatus.ACCEPTED, b'{"status":"OK"}', {})
        self.server.tell(path.rpartition("/")[2] if path.startswith("invocation/") else path, body)

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def answer(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what a function logs is all that its log holds."""
