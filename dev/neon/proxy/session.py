"""One client's way through the front: arrival, TLS, login, wake, relay."""

import asyncio
import hmac
import logging
import secrets
import socket
from collections.abc import Callable

from dev.neon.proxy import messages, startup, upstream
from dev.neon.proxy.certificates import Certificates
from dev.neon.proxy.endpoint import Endpoint, Refused
from dev.neon.proxy.faults import Answer, Arrival, BlackHole, Delay, Early, Faults, Reset
from dev.neon.proxy.login import authenticate
from dev.neon.proxy.opening import Client, reset, welcome
from dev.neon.proxy.relay import endanger, relay, swallow
from dev.neon.proxy.upstream import Upstream

Lookup = Callable[[str], Endpoint | None]

HOLD = 60.0  # seconds that a client waits for a wake, at most
RETRIES = (0.2, 0.4, 0.8, 1.6, 3.2)  # seconds between attempts to reach a compute, as at Neon
GONE = (OSError, EOFError, messages.Malformed)  # the client has left, or was none

INSECURE = "connection is insecure (try using `sslmode=require`)"
NOT_WOKEN = "Control plane request failed"
NOT_REACHED = "Couldn't connect to compute node"


class Sessions:
    def __init__(self, lookup: Lookup, certificates: Certificates, faults: Faults) -> None:
        self._lookup, self._certificates, self._faults = lookup, certificates, faults
        self._secret = secrets.token_bytes(32)
        self._computes: dict[bytes, tuple[str, int]] = {}
        """Where a cancel request goes, by the key that the compute gave its session."""

    async def serve(self, connection: socket.socket) -> None:
        try:
            await self._arrive(connection)
        except GONE:
            pass
        except Exception:  # whatever one client meets, the front serves the others
            logging.getLogger(__name__).exception("The front has a fault of its own.")
        finally:
            connection.close()

    async def _arrive(self, connection: socket.socket) -> None:
        match self._faults.take(Arrival):
            case Reset():
                return reset(connection)
            case Delay(seconds):
                await asyncio.sleep(seconds)
            case BlackHole():
                return await swallow(connection)
            case Early(cut):
                return await endanger(connection, cut, self._greet)
        return await self._greet(connection)

    async def _greet(self, connection: socket.socket) -> None:
        client = await welcome(connection, self._certificates)
        try:
            await self._converse(client)
        finally:
            await client.close()

    async def _converse(self, client: Client) -> None:
        opening = await messages.read_opening(client.reader)
        if opening.code == messages.CANCEL:
            await self._cancel(opening.body)
            return
        if opening.code >> 16 != messages.VERSION >> 16:
            raise messages.Malformed
        try:
            compute = await self._admit(client, opening)
        except Refused as why:
            client.writer.write(messages.error(str(why)))
            return
        key, address = compute.key, compute.writer.get_extra_info("peername")
        self._computes[key] = address
        try:
            await relay(client, compute, self._faults)
        finally:
            self._computes.pop(key, None)
            compute.writer.close()

    async def _admit(self, client: Client, opening: messages.Opening) -> Upstream:
        """The compute that the client may talk to, which has greeted it; else raise Refused."""
        if not client.secure:
            raise Refused(INSECURE)
        if opening.code != messages.VERSION:
            client.writer.write(messages.only_version_3_0())
        said = messages.parameters(opening.body)
        user, (id, pooled) = startup.user(said), startup.endpoint(said, client.name)
        endpoint = await asyncio.to_thread(self._lookup, id)
        password = endpoint.password(user) if endpoint else None
        await self._authenticate(client, user, password, f"{id} {user}")
        if fault := self._faults.take(Answer):
            raise Refused(fault.text)
        if endpoint is None or password is None:
            raise AssertionError("Nobody can know the password of what does not exist.")
        compute = await _reach(endpoint, startup.forwarded(said), password, pooled=pooled)
        client.writer.write(compute.greeting)
        return compute

    async def _authenticate(
        self, client: Client, user: str, password: str | None, who: str
    ) -> None:
        """Nothing tells who does not exist from a wrong password: not words, salt or time.

        Both have a password of their own, always the same, which is slow to use the first time.
        """
        mock = hmac.digest(self._secret, f"password {who}".encode(), "sha256").hex()
        salt = hmac.digest(self._secret, f"salt {who}".encode(), "sha256")[:16]
        await authenticate(client, user, password or mock, salt, self._certificates.end_point)

    async def _cancel(self, key: bytes) -> None:
        """Pass the request on. Whether it helps is never told, as in Postgres."""
        if address := self._computes.get(key):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(messages.cancel(key))
            await reader.read()
            writer.close()


async def _reach(
    endpoint: Endpoint, said: dict[str, str], password: str, *, pooled: bool
) -> Upstream:
    """Wake the compute, again when it has fallen asleep just before we came."""
    for pause in (*RETRIES, None):
        address = await _wake(endpoint, pooled=pooled)
        try:
            return await upstream.connect(address, said, password)
        except (OSError, EOFError):
            if pause is None:
                break
            await asyncio.sleep(pause)
    raise Refused(NOT_REACHED)


async def _wake(endpoint: Endpoint, *, pooled: bool) -> tuple[str, int]:
    """Hold the client until the compute is up; a wake goes on behind a client that has left."""
    waking = asyncio.to_thread(endpoint.connect, pooled=pooled)
    try:
        return await asyncio.wait_for(waking, HOLD)
    except TimeoutError:
        raise Refused(NOT_WOKEN) from None
