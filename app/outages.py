"""What keeps us from answering: one class per `code`, as in errors.py."""

from typing import ClassVar

from app.errors import Problem


class Unavailable(Problem):
    """The database cannot be reached just now, and nothing was changed. Repeat the request."""

    status, code, title = 503, "database_unavailable", "The database cannot be reached just now"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


class Waking(Unavailable):
    """The database did not wake in time, and nothing was changed. Repeat the request."""

    code, title = "database_waking", "The database is still waking"


class Overloaded(Unavailable):
    """All connections were busy for as long as the request could wait, and nothing was changed.

    Repeat the request a little later.
    """

    code, title = "overloaded", "Too many requests at once"


class TimedOut(Unavailable):
    """The database was not done in time. The statement was stopped, and nothing was changed."""

    code, title = "timed_out", "The database was not done in time"


class NotReady(Unavailable):
    """The database's schema is older than this release needs: its migration has not run yet."""

    code, title = "not_ready", "The database is behind the code"


class KeysUnavailable(Unavailable):
    """The keys that tokens are checked with cannot be fetched just now. Repeat the request."""

    code, title = "keys_unavailable", "Tokens cannot be checked just now"


class OutcomeUnknown(Unavailable):
    """The connection was lost before the database confirmed the write: it may have happened.

    Repeat it with the same Idempotency-Key, and it happens once. Without a key, read first.
    """

    code, title = "outcome_unknown", "The write may or may not have happened"


class ForOperators(Unavailable):
    """The database refuses this API, for a reason unknown to it. Nothing was changed.

    For who runs it: the log has the database's words.
    """

    code, title = "database_refused", "The database cannot be used as it is"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "60"}


class WrongPassword(ForOperators):
    """The database refuses this API's password, or its endpoint is gone. Nothing was changed.

    For who runs it: compare DATABASE_URL with the password and endpoint that Neon shows.
    """

    code = "database_password"


class QuotaExceeded(ForOperators):
    """The database's plan is used up, or it is being maintained. Nothing was changed.

    For who runs it: look at the quotas of the project and of the account.
    """

    code = "database_quota"


class Disabled(ForOperators):
    """The database's compute has been switched off. Nothing was changed.

    For who runs it: enable the endpoint in Neon's console.
    """

    code = "database_disabled"


class Missing(ForOperators):
    """There is no such database, branch or host. Nothing was changed.

    For who runs it: compare DATABASE_URL with what Neon shows; a branch may have been deleted.
    """

    code = "database_missing"


class WrongSettings(ForOperators):
    """The database refuses how this API connects to it. Nothing was changed.

    For who runs it: see the log for its words; TLS, start-up parameters and allowed addresses
    are set by DATABASE_URL and in Neon's console.
    """

    code = "database_settings"


class TooManyConnections(ForOperators):
    """The database has no connection to spare. Nothing was changed. Repeat the request later.

    For who runs it: is DATABASE_URL the pooled address?
    """

    code = "database_connections"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


class DiskFull(ForOperators):
    """The database has no room for what should be written. Nothing was changed."""

    code = "database_full"


class ReadOnly(ForOperators):
    """The database takes no writes at the moment. Nothing was changed."""

    code = "database_read_only"
