"""Settings that are kept in AWS Secrets Manager: one secret, read once in the life of a process.

Its value is a JSON object with names of .env.example, such as {"DATABASE_URL": "postgresql://…"}.
Secrets Manager and not SSM: at its defaults it hands out 10,000 secrets a second, the other 40
parameters, and a thousand sandboxes may start at once.
"""

import json
import logging
import os
import threading
from functools import lru_cache
from typing import Any

VARIABLE = "SETTINGS_SECRET"
"""Names the secret, or gives its ARN."""

QUICK: dict[str, Any] = {
    "connect_timeout": 1,
    "read_timeout": 2,
    "retries": {"mode": "standard", "total_max_attempts": 2},
}
"""Lambda gives a process ten seconds to begin."""

NOT_AN_OBJECT = 'must hold a JSON object of strings, like {"DATABASE_URL": "postgresql://…"}'
UNREACHABLE = (
    "cannot be reached: in a VPC, Secrets Manager needs an endpoint, or the function a NAT gateway"
)
REFUSALS = {
    "AccessDeniedException": "may not be read: the role needs secretsmanager:GetSecretValue for it",
    "ResourceNotFoundException": "does not exist in this account and region",
}
"""By the code of AWS; all others are told by their code."""

turn = threading.RLock()
"""Held by who reads, and by who must do something before others know what was read."""


class Unreadable(ValueError):  # noqa: N818  what the secret is
    """Names the secret, and tells nothing of its content."""


def named() -> str | None:
    """The secret of this process; without one, nothing of AWS is imported."""
    return os.environ.get(VARIABLE) or None


def read(name: str) -> dict[str, str]:
    """What the secret holds; raises Unreadable with half a sentence that says what to do."""
    with turn:
        found = fetched(name.strip())
    if isinstance(found, str):
        raise Unreadable(f"names {name}, which {found}")
    return found


@lru_cache
def fetched(name: str) -> dict[str, str] | str:
    """The content, or what is wrong.

    A failure is kept too: who asks next would wait as long, and the process cannot begin without.
    (A migration's can, and begins each time by forgetting it.)
    """
    try:
        # A fifth quicker to import than boto3, which is made of it; Lambda's image has both.
        from botocore import exceptions  # noqa: PLC0415  0.4 s that only Lambda should pay
    except ImportError:
        return "takes botocore to read, which Lambda's image has and this machine lacks"
    try:
        return content(ask(name))
    except exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        return REFUSALS.get(code, f"AWS refused: {code}")
    except (exceptions.ConnectionError, exceptions.HTTPClientError):
        return UNREACHABLE
    except exceptions.BotoCoreError as error:  # no region, no credentials
        return f"could not be asked for: {type(error).__name__}"


def ask(name: str) -> Any:
    from botocore.config import Config  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    # At DEBUG it would write the answer into the log, secret and all.
    logging.getLogger("botocore").setLevel(logging.INFO)
    client = Session().create_client("secretsmanager", config=Config(**QUICK))
    return client.get_secret_value(SecretId=name).get("SecretString")


def content(text: Any) -> dict[str, str] | str:
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):  # TypeError: bytes were stored, and no text
        return NOT_AN_OBJECT
    if not (isinstance(found, dict) and all(isinstance(value, str) for value in found.values())):
        return NOT_AN_OBJECT
    return found
