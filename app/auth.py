"""Bearer token -> caller, without a trip to the database (RFC 6750, RFC 8725).

Better Auth signs JWTs with a key pair; we hold the public half only, so nothing here can make a
token. The algorithm is the key's, never the token's word.
"""

import re
from typing import Annotated, Any

import jwt
from fastapi import Depends, Path, Request
from fastapi.security import HTTPBearer

from app import keys
from app.access import Caller
from app.errors import Forbidden, Unauthorized
from app.settings import get_settings
from app.strict_json import storable

LONGEST = 8192
SUBJECT = re.compile(r"[\x21-\x7e]{1,255}")
TYPES = {"jwt", "at+jwt"}
END_OF_TIME = 253_402_300_800
"""Year 10000 in seconds: what expires later than any calendar never does."""

Whose = Annotated[str, Path(description="`me`, or your own id", examples=["me"])]
bearer = HTTPBearer(bearerFormat="JWT", description="A JWT from Better Auth", auto_error=False)


async def authenticate(request: Request) -> None:
    """Find out who is asking, before anything of what they ask is read.

    Raises Unauthorized, and Forbidden at another user's address.
    """
    credentials = await bearer(request)
    if credentials is None:
        raise Unauthorized
    me = await verify(credentials.credentials)
    if request.path_params["user_id"] not in {"me", me.id}:
        raise Forbidden("that is another user's address")
    request.state.caller = me


async def caller(request: Request, user_id: Whose, _: Annotated[Any, Depends(bearer)]) -> Caller:  # noqa: ARG001
    """Whoever `authenticate` found; the parameters are for the OpenAPI document to tell of."""
    me: Caller = request.state.caller
    return me


async def verify(token: str) -> Caller:
    """Check signature, issuer, audience and expiry; raises Unauthorized and says no more."""
    try:
        kid = key_id(token)
        ring = keys.ring()
        if ring.due(kid):
            await ring.renew(kid)
        return named(checked(token, ring.find(kid)))
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        raise Unauthorized from None


def key_id(token: str) -> str:
    """The id of the key that a token claims; Better Auth's session cookies are refused.

    They are signed with the same keys and name the user too: their type tells them apart.
    """
    if len(token) > LONGEST:
        raise Unauthorized
    header = jwt.get_unverified_header(token)
    if str(header.get("typ", "JWT")).lower() not in TYPES:
        raise Unauthorized
    return str(header.get("kid", ""))


def checked(token: str, key: jwt.PyJWK | None) -> dict[str, Any]:
    if key is None:
        raise Unauthorized
    settings = get_settings()
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[key.algorithm_name],
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        options={"require": ["iss", "aud", "exp", "sub"], "verify_iat": False},
    )
    # PyJWT reads "9" and true as numbers too (RFC 7519, 4.1.4: exp is a JSON number).
    if type(claims["exp"]) not in {int, float} or claims["exp"] > END_OF_TIME:
        raise Unauthorized
    return claims


def named(claims: dict[str, Any]) -> Caller:
    """Take what a users row needs from the claims; text that Postgres cannot hold is left out."""
    if not SUBJECT.fullmatch(claims["sub"]):
        raise Unauthorized
    texts = {name: claims.get(name) for name in ("name", "email", "image")}
    kept = {name: text for name, text in texts.items() if isinstance(text, str) and fits(text)}
    verified = claims.get("emailVerified") is True
    return Caller(id=claims["sub"], email_verified=verified, **kept)


def fits(text: str) -> bool:
    return len(text) <= LONGEST and storable(text)


Me = Annotated[Caller, Depends(caller)]
