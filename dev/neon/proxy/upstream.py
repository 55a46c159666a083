"""The front's own connection to a compute, to PgBouncer or to Postgres, until it is ready."""

import asyncio
import struct
from dataclasses import dataclass, field

from dev.neon.proxy import scram
from dev.neon.proxy.endpoint import Refused
from dev.neon.proxy.messages import (
    OK,
    SASL,
    SASL_CONTINUE,
    SASL_FINAL,
    Message,
    fields,
    read_message,
    startup,
)

NOT_NOW = "57P03"  # Postgres is starting up or shutting down
UNPOOLED_ONLY = (
    ". Please use unpooled connection or remove this parameter from the startup package. "
    "More details: https://neon.tech/docs/connect/connection-errors#unsupported-startup-parameter"
)


@dataclass
class Upstream:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    greeting: bytearray = field(default_factory=bytearray)
    """What the compute says between the login and its first ReadyForQuery, for the client."""
    key: bytes = b""
    """By which a cancel request names this session."""


async def connect(address: tuple[str, int], said: dict[str, str], password: str) -> Upstream:
    """Raise Refused with the compute's own words; OSError or EOFError where it is not there."""
    upstream = Upstream(*await asyncio.open_connection(*address))
    try:
        upstream.writer.write(startup(said))
        await _log_in(upstream, password)
        while (message := await _next(upstream)).kind != b"Z":
            upstream.greeting += message.encoded()
            if message.kind == b"K":
                upstream.key = message.body
        upstream.greeting += message.encoded()
    except BaseException:
        upstream.writer.close()
        raise
    return upstream


async def _log_in(upstream: Upstream, password: str) -> None:
    client = scram.Client(password, scram.nonce())
    while True:
        step, said = _authentication(await _next(upstream))
        if step == OK:
            return
        if step == SASL:
            first = client.first.encode()
            answer = scram.PLAIN.encode() + b"\0" + struct.pack("!I", len(first)) + first
        elif step == SASL_CONTINUE:
            answer = client.final(said.decode()).encode()
        elif step == SASL_FINAL:
            client.verify(said.decode())
            continue
        else:
            raise Refused("Unsupported authentication method")
        upstream.writer.write(Message(b"p", answer).encoded())


def _authentication(message: Message) -> tuple[int, bytes]:
    (step,) = struct.unpack_from("!I", message.body)
    return step, message.body[4:]


async def _next(upstream: Upstream) -> Message:
    message = await read_message(upstream.reader)
    if message.kind == b"E":
        said = fields(message.body)
        if said.get("C") == NOT_NOW:
            raise ConnectionError
        raise Refused(_worded(said.get("M", "")))
    return message


def _worded(text: str) -> str:
    return text + UNPOOLED_ONLY if text.startswith("unsupported startup parameter") else text
