"""What can go wrong: one class per `code`. What only operators can mend is in outages.py.

A class's docstring is its page under /problems: what it means and what the caller can do.
"""

from typing import ClassVar, TypeVar

Row = TypeVar("Row")
PROBLEM_JSON = "application/problem+json"
FINAL = {"X-Should-Retry": "false"}
"""For generated clients: the same request, sent again, is refused again."""


class Problem(Exception):  # noqa: N818  the field's word (RFC 9457)
    """Something unexpected went wrong here. It was logged; quote the request id to the operator."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, detail: str = "", errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail or self.title
        self.errors = errors


class Malformed(Problem):
    """The request could not be read.

    Bodies are UTF-8 JSON (RFC 8259), at most 32 levels deep, without repeated keys, NaN, Infinity.
    """

    status, code, title = 400, "malformed", "The request could not be read"


class InvalidCursor(Problem):
    """This list did not hand out that cursor, or its sort or filters changed since.

    Begin again without a cursor.
    """

    status, code, title = 400, "invalid_cursor", "That cursor does not belong to this list"


class Unauthorized(Problem):
    """The bearer token is missing, expired, or not meant for this API. Get a new one and repeat."""

    status, code, title = 401, "unauthorized", "A valid bearer token is needed"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class Forbidden(Problem):
    """You may see this, and may not do that to it. Asking again will not help."""

    status, code, title = 403, "forbidden", "That is not yours to do"


class NotFound(Problem):
    """There is no such thing, or it is not yours to see: from outside the two look the same."""

    status, code, title = 404, "not_found", "Not found"


class MethodNotAllowed(Problem):
    """The address exists and knows other methods; `Allow` lists them."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"


class Conflict(Problem):
    """The request does not fit the state that the resource is in. Read it, then decide."""

    status, code, title = 409, "conflict", "That does not fit the resource's state"
    headers: ClassVar[dict[str, str]] = FINAL


class EmailTaken(Conflict):
    """The account's email address belongs to another account."""

    code, title = "email_taken", "Another account has that email address"


class InProgress(Conflict):
    """A request with the same Idempotency-Key is still running. Wait a moment and repeat it."""

    code, title = "in_progress", "The same request is still running"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1", "X-Should-Retry": "true"}


class PreconditionFailed(Problem):
    """The resource changed since you read it, or it is there and If-None-Match wants it not to be.

    Read it again and apply your change to what you find.
    """

    status, code, title = 412, "precondition_failed", "It changed since you read it"
    headers: ClassVar[dict[str, str]] = FINAL


class TooLarge(Problem):
    """A request's body may have 1 MiB at most."""

    status, code, title = 413, "too_large", "The body is too large"


class AnswerTooLarge(Problem):
    """The answer would be longer than 4 MB. Nothing was changed: ask for fewer items at once."""

    status, code, title = 413, "answer_too_large", "The answer would be too large"


class UnsupportedMediaType(Problem):
    """Send bodies as `Content-Type: application/json`."""

    status, code, title = 415, "unsupported_media_type", "Bodies are JSON here"


class Invalid(Problem):
    """The request was read and something in it is not allowed: `errors` points at each mistake."""

    status, code, title = 422, "invalid", "Something in the request is not allowed"
    headers: ClassVar[dict[str, str]] = FINAL


class IdempotencyKeyReused(Problem):
    """That Idempotency-Key already belongs to another request. Make a new key for a new request."""

    status, code, title = 422, "idempotency_key_reused", "That key belongs to another request"
    headers: ClassVar[dict[str, str]] = FINAL


class NotModified(Exception):  # noqa: N818  an answer, not an error
    """The reader has this version already (RFC 9110, 15.4.5)."""

    def __init__(self, etag: str) -> None:
        super().__init__(etag)
        self.etag = etag


def found(row: Row | None) -> Row:
    """Return the row, or say 404: absent and not yours look the same from outside."""
    if row is None:
        raise NotFound
    return row


def family(kind: type[Problem] = Problem) -> list[type[Problem]]:
    """Every kind of problem there is, by its code."""
    return [kind, *(each for child in kind.__subclasses__() for each in family(child))]
