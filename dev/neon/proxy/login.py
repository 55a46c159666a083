"""A client's login at the front, by SCRAM."""

import struct
from asyncio import timeout

from dev.neon.proxy import scram
from dev.neon.proxy.endpoint import Refused
from dev.neon.proxy.messages import (
    OK,
    SASL,
    SASL_CONTINUE,
    SASL_FINAL,
    authentication,
    read_message,
)
from dev.neon.proxy.opening import HANDSHAKE, Client


async def authenticate(
    client: Client, user: str, password: str, salt: bytes, end_point: bytes
) -> None:
    """Raise Refused unless the client knows the password."""
    exchange = scram.Server(password, salt, end_point)
    try:
        async with timeout(HANDSHAKE):
            await _exchange(client, exchange)
    except TimeoutError:
        raise Refused("Authentication timed out") from None
    except scram.WrongPassword:
        raise Refused(f"password authentication failed for user '{user}'") from None
    except scram.Violation as violation:
        raise Refused(str(violation)) from None


async def _exchange(client: Client, exchange: scram.Server) -> None:
    offer = "".join(f"{mechanism}\0" for mechanism in scram.MECHANISMS) + "\0"
    client.writer.write(authentication(SASL, offer.encode()))
    mechanism, _, sized = (await _answer(client)).partition(b"\0")
    if _text(mechanism) not in scram.MECHANISMS:
        raise Refused(f"Unsupported authentication method: {_text(mechanism)}")
    first = exchange.first(_text(sized[struct.calcsize("!I") :]), scram.nonce())
    client.writer.write(authentication(SASL_CONTINUE, first.encode()))
    final = exchange.final(_text(await _answer(client)))
    client.writer.write(authentication(SASL_FINAL, final.encode()) + authentication(OK))


async def _answer(client: Client) -> bytes:
    message = await read_message(client.reader)
    if message.kind != b"p":
        raise Refused(scram.NO_SCRAM)
    return message.body


def _text(said: bytes) -> str:
    """Never fails: what is no text is no SCRAM either, and is refused as that."""
    return said.decode(errors="replace")
