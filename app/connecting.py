"""Making a connection, with the password that is right by now.

A sandbox may live for hours, and what wakes from a snapshot knows what its secret was when that was
taken. So whoever is refused for a password reads the secret again. (Each restoration could do so,
too: every start would wait for it, and hardly one has a new password to learn of.)
"""

import logging
import time
from typing import Any

from psycopg2 import OperationalError

from app import address, aws_secrets, waiting, wake
from app.causes import speechless
from app.environment import SettingsError, read
from app.settings import Settings, get_settings

log = logging.getLogger(__name__)

COOL_DOWN = 10.0
"""Seconds between two readings: a password that stays wrong must not make us hammer AWS."""

PATIENCE = 7.0
"""Seconds that must be left to a request for it to read: AWS may be silent for six of them."""


class Reading:
    """When the secret was last read again; by the wall clock, which goes on while we are frozen."""

    began = 0.0


def connect() -> Any:
    """Raises psycopg2.OperationalError."""
    settings = get_settings()
    try:
        return reach(settings)
    except OperationalError as error:
        if speechless(str(error)).code != "database_password" or not renewed(settings):
            raise
    return reach(get_settings())


def reach(settings: Settings) -> Any:
    with waiting.until(time.time() + settings.database_connect_timeout):
        return wake.connect(address.pooled(settings.database_url.get_secret_value()))


def renewed(refused: Settings) -> bool:
    """Whether there is another address by now; of many who were refused at once, one reads."""
    if refused.settings_secret and waiting.left() > PATIENCE:
        with aws_secrets.turn:
            if get_settings() is refused and time.time() - Reading.began > COOL_DOWN:
                Reading.began = time.time()
                renew()
    return get_settings().database_url != refused.database_url


def renew() -> None:
    """Go on with what the secret holds now; where that is of no use, with what it held."""
    aws_secrets.fetched.cache_clear()
    try:
        usable = read(Settings) != get_settings()
    except SettingsError as error:
        log.error("the secret is of no use", extra={"reason": str(error)})  # noqa: TRY400  said
        return
    if usable:
        get_settings.cache_clear()
