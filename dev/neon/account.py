"""Which project of Neon's the commands are about: the one configured, else the local one."""

from urllib.parse import parse_qsl, urlsplit

from dev import Trouble
from dev.local import configured
from dev.neon import here
from dev.neon.service import Service

API = "https://console.neon.tech/api/v2"


def project() -> Service:
    """The project of NEON_PROJECT_ID, with NEON_API_KEY; the local Neon's where neither is set.

    Raises Trouble where one of the two is missing, or no local Neon runs.
    """
    return at_neon() or laptop()


def at_neon() -> Service | None:
    own = configured()
    key, id = (own.get(name, "").strip() for name in ("NEON_API_KEY", "NEON_PROJECT_ID"))
    if not key and not id:
        return None
    if not key or not id:
        missing = "NEON_PROJECT_ID" if key else "NEON_API_KEY"
        raise Trouble(f"{missing} is missing: Neon's console shows it in the project's settings.")
    return Service(own.get("NEON_API_HOST", "").strip() or API, key, id, {})


def laptop() -> Service:
    """The local Neon that runs; raises Trouble where none does."""
    found = here.found()
    return Service(found.api_url, found.api_key, found.project_id, known(found.direct))


def known(url: str) -> dict[str, str]:
    """What an address tells libpq besides where to go, and all addresses of its project need."""
    return dict(parse_qsl(urlsplit(url).query))
