"""`thaw token`: a token that the local API accepts."""

import sys
from typing import Annotated

import typer

from dev import Trouble, keys
from dev.local import ORIGIN, configured


def token(
    user: Annotated[
        str, typer.Option(metavar="USER", help="Whose: demo, teammate, or any id.")
    ] = "demo",
    hours: Annotated[
        float, typer.Option(min=0, max=87_600, metavar="HOURS", help="How long it is good for.")
    ] = 12,
) -> None:
    """Print a token for the local API, and nothing else.

    curl -H "Authorization: Bearer $(thaw token)" localhost:8000/api/me/tasks
    """
    print(mint(user, hours))
    if sys.stdout.isatty():
        print(f"\nSend it as `Authorization: Bearer …`; good for {hours:g} h.", file=sys.stderr)


def mint(user: str, hours: float = 12) -> str:
    """A token signed with this checkout's key; raises Trouble where that key counts for nothing."""
    own = configured()
    if not user:
        raise Trouble("Name a user: demo, teammate, or any id.")
    if not signs_here(own):
        raise Trouble("Tokens come from JWKS_URL or JWKS, which are set: sign in there to get one.")
    return keys.token(
        user,
        name=user.title(),
        email=address(user),
        issuer=own.get("JWT_ISSUER", ORIGIN),
        audience=own.get("JWT_AUDIENCE", ORIGIN),
        expires_in=int(hours * 3600),
    )


def signs_here(own: dict[str, str]) -> bool:
    """Whether the app trusts this checkout's key: nothing else is set, or that key itself is."""
    return "JWKS_URL" not in own and own.get("JWKS") in (None, keys.jwks())


def address(user: str) -> str:
    return f"{user}@example.com"
