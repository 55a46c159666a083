"""What the database means by a refusal: by constraint, by cause, else by SQLSTATE."""

import logging
from typing import Any

from sqlalchemy.exc import DBAPIError

from app.causes import cause, sqlstate
from app.errors import Conflict, Invalid, NotFound, Problem, family
from app.outages import ForOperators, NotReady
from app.tables import REFUSALS

log = logging.getLogger(__name__)

BY_SQLSTATE: dict[str, type[Problem]] = {
    "22": Invalid,
    "23503": NotFound,
    "23505": Conflict,
    "23": Invalid,
    "42P01": NotReady,
    "42703": NotReady,
    "54": Invalid,  # more than fits into an index, or into the words of a search
}
"""SQLSTATE or its class -> problem, where the statement was refused for itself."""


def refusal(error: DBAPIError) -> Problem:
    """What the caller is told; the operator is told here. What nobody foresaw is a 500."""
    problem = meaning(error)
    if problem.status >= 500:  # noqa: PLR2004  ours, not the caller's
        tell(problem, error)
    return problem


def meaning(error: DBAPIError) -> Problem:
    constraint, why, state = broken_constraint(error), cause(error), sqlstate(error) or ""
    if constraint in REFUSALS:
        code, detail = REFUSALS[constraint]
        return known(code)(detail)
    if why:
        return known(why.code)()
    return BY_SQLSTATE.get(state, BY_SQLSTATE.get(state[:2], Problem))()


def known(code: str) -> type[Problem]:
    return next(kind for kind in family() if kind.code == code)


def tell(problem: Problem, error: DBAPIError) -> None:
    """Log it by its code, loudly where only an operator can mend it.

    Of a connection that could not be made the words are told too: they hold no row.
    """
    level = logging.CRITICAL if isinstance(problem, ForOperators) else logging.ERROR
    words = {} if error.statement else {"said": str(error.orig).strip()}
    kind = type(error.orig).__name__
    log.log(level, problem.code, extra={"error": kind, "sqlstate": sqlstate(error), **words})


def broken_constraint(error: DBAPIError) -> str:
    diagnosis: Any = getattr(error.orig, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""
