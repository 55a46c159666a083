"""How the databases of a project's branches are connected to, as Neon itself says it."""

from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from dev import Trouble
from dev.local import Urls
from dev.neon.service import Answer, Service


class Which(NamedTuple):
    """A database of a branch, and who connects; unless named, the only one, and its owner."""

    database: str | None = None
    role: str | None = None


def addresses(service: Service, branch_id: str, which: Which = Which()) -> Urls:  # noqa: B008  immutable
    """Both addresses of a branch's database."""
    found = database(service, branch_id, which.database)
    role, name = which.role or found["owner_name"], found["name"]
    pooled, direct = (
        uri(service, branch_id, role, name, pooled=pooled) for pooled in (True, False)
    )
    return Urls(pooled, direct)


def database(service: Service, branch_id: str, name: str | None) -> Answer:
    """That of a name, else the only one; raises Trouble where there is none, or a choice."""
    databases = service.call("GET", f"/branches/{branch_id}/databases")["databases"]
    found = [one for one in databases if name in {None, one["name"]}]
    if len(found) == 1:
        return dict(found[0])
    names = ", ".join(one["name"] for one in databases) or "none"
    if name is not None:
        raise Trouble(f"The branch has no database {name}. It has: {names}.")
    raise Trouble(f"The branch has several databases, or none: {names}. Say which: --database.")


def uri(service: Service, branch: str, role: str, database: str, *, pooled: bool) -> str:
    """Neon's own, with what libpq must know besides."""
    query = {
        "branch_id": branch,
        "role_name": role,
        "database_name": database,
        "pooled": str(pooled).lower(),
    }
    url = urlsplit(service.call("GET", "/connection_uri", params=query)["uri"])
    known = {**dict(parse_qsl(url.query)), **service.libpq}
    # libpq takes a plus sign for itself, not for a space.
    return url._replace(query=urlencode(known, safe="/", quote_via=quote)).geturl()


def branch_of(service: Service, host: str) -> Answer:
    """The branch that a host leads to; raises Refused where it is not the project's."""
    endpoint = host.partition(".")[0].removesuffix("-pooler")
    found = service.call("GET", f"/endpoints/{endpoint}")["endpoint"]
    return dict(service.call("GET", f"/branches/{found['branch_id']}")["branch"])
