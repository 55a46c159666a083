"""Connection strings as Neon hands them out."""

from urllib.parse import quote, urlencode

from dev.neon.project.names import host
from dev.neon.project.records import Endpoint, Role

SAFE = {"sslmode": "require", "channel_binding": "require"}


def uri(
    endpoint: Endpoint, role: Role, database: str, *, pooled: bool, port: int, **other: str
) -> str:
    """As Neon's but for the port. Nobody resolves its host name: libpq needs a hostaddr as well.

    `other` are more parameters of libpq, or other values for those here.
    """
    who = f"{quote(role.name, safe='')}:{quote(role.password, safe='')}"
    # libpq takes a plus sign for itself, not for a space.
    query = urlencode({**SAFE, **other}, safe="/", quote_via=quote)
    where = f"{host(endpoint.id, pooled=pooled)}:{port}/{quote(database, safe='')}"
    return f"postgresql://{who}@{where}?{query}"
