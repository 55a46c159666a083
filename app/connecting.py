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
"""Seconds that a reading may take: AWS may be silent for six. Of a short deadline, half."""


class Address:
    """The database's: as the settings have it, and as their secret has it since a refusal.

    All else that the secret holds stays as it was: a new issuer beside old keys would be worse.
    """

    def __init__(self) -> None:
        self.learned: dict[str, str] = {}
        """By the address of the settings."""
        self.asked = 0.0
        """By the wall clock, since a frozen sandbox stops the monotonic one."""

    def now(self) -> str:
        first = get_settings().database_url.get_secret_value()
        return self.learned.get(first, first)

    def renewed(self, refused: str) -> bool:
        """Whether there is another by now; of many who were refused at once, one reads."""
        settings = get_settings()
        enough = min(PATIENCE, settings.request_timeout / 2)
        if settings.settings_secret and waiting.left() > enough:
            with aws_secrets.turn:
                if self.now() == refused and abs(time.time() - self.asked) > COOL_DOWN:
                    self.asked = time.time()
                    self.renew()
        return self.now() != refused

    def renew(self) -> None:
        """Learn what the secret holds now; where that is of no use, go on with what it held."""
        aws_secrets.fetched.cache_clear()
        try:
            fresh = read(Settings).database_url.get_secret_value()
        except SettingsError as error:
            log.error("the secret is of no use", extra={"reason": str(error)})  # noqa: TRY400  said
        else:
            log.info("the secret was read again")
            self.learned[get_settings().database_url.get_secret_value()] = fresh


known = Address()


def connect() -> Any:
    """Raises psycopg2.OperationalError."""
    url = known.now()
    try:
        return reach(url)
    except OperationalError as error:
        if speechless(str(error)).code != "database_password" or not known.renewed(url):
            raise
    return reach(known.now())


def reach(url: str) -> Any:
    with waiting.until(time.time() + get_settings().database_connect_timeout):
        return wake.connect(address.pooled(url))
