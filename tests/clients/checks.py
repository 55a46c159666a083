"""What schemathesis is to check besides its own, where nothing of the app can be imported."""

import re
from typing import Any

import schemathesis

OF_THE_MOMENT = {
    "conflict",
    "email_taken",
    "forbidden",
    "idempotency_key_reused",
    "invalid_cursor",
    "not_found",
    "precondition_failed",
}
"""Codes of refusals that depend on what is there, and so may meet any request."""
UNTELLABLE = (
    r"/query takes ",  # parameters that do not go together
    r"/items Should name each ",  # changes of one row, twice in a batch
    r".* Should be between 0001-01-02 and ",  # times that not every zone can show
    r".* text may not hold NUL",  # each and every text would need a pattern
)
"""What is wrong with requests that a JSON Schema cannot refuse."""


def a_valid_request_is_refused_for_the_state_of_things_only(
    _context: Any, response: Any, case: Any
) -> None:
    """In place of `positive_data_acceptance`, which knows statuses and not the codes behind."""
    valid = case.meta is not None and case.meta.generation.mode.is_positive
    if not valid or response.status_code < 400:
        return
    problem = response.json()
    mistakes = [f"{each['pointer']} {each['detail']}" for each in problem.get("errors", [])]
    forgiven = [each for each in mistakes if re.match("|".join(UNTELLABLE), each, re.DOTALL)]
    assert problem["code"] in OF_THE_MOMENT or (mistakes and mistakes == forgiven), str(problem)


schemathesis.check(a_valid_request_is_refused_for_the_state_of_things_only)
