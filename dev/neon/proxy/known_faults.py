"""The faults that have a name: what each does, for people, and Neon's own words for it."""

from typing import NamedTuple

from dev.neon.proxy.faults import Answer, BlackHole, Delay, Fault, Received, Reset, Sent, Words


class Known(NamedTuple):
    fault: Fault
    explanation: str


def _refused(text: str, explanation: str, reason: str = "") -> Known:
    return Known(Answer(text, reason), explanation)


def _ended(text: str, code: str, explanation: str) -> Known:
    """The session is told why it ends, in answer to a message that nobody gets to see."""
    return Known(Sent(words=Words(text, code)), explanation)


CONNECTION = {
    "reset": Known(Reset(), "the connection is reset as soon as it is made"),
    "slow": Known(Delay(2.0), "nothing is answered for two seconds, then all is well"),
    "black_hole": Known(BlackHole(), "the connection is accepted and never answered"),
}

REFUSAL = {
    "compute_unreachable": _refused(
        "Couldn't connect to compute node",
        "the proxy cannot reach the compute that it has just woken; try again",
    ),
    "control_plane": _refused(
        "Control plane request failed",
        "the proxy cannot ask Neon's control plane; try again, not for long",
    ),
    "running_operations": _refused(
        "Your project already has running operations. "
        "Please wait until they complete, and then try again.",
        "a branch is being made or changed; try again",
        "RUNNING_OPERATIONS",
    ),
    "unavailable": _refused(
        "Control plane request failed: endpoint is temporarily unavailable. "
        "Check your quotas and/or contact our support.",
        "maintenance or a quota, and no telling which; try again once",
    ),
    "permit": _refused(
        "Failed to acquire permit to connect to the database. "
        "Too many database connection attempts are currently ongoing.",
        "too many clients connect at this moment; try again, at random",
    ),
    "too_many_connections": _refused(
        "Too many connections to this endpoint. Please try again later.",
        "too many logins per second; try again after a second",
    ),
    "too_many_wakes": _refused(
        "Too many connections attempts",
        "too many logins at a compute that sleeps; try again after a second",
    ),
    "rate_limited": _refused(
        "You've exceeded the rate limit. Please wait a moment and try again.",
        "the control plane is asked too often; try again after a second",
        "RATE_LIMIT_EXCEEDED",
    ),
    "auth_timeout": _refused(
        "Authentication timed out", "the login has taken more than 15 seconds; try again once"
    ),
    "internal_error": _refused("Internal error", "a fault of Neon's proxy; try again once"),
    "starting_up": _refused(
        "the database system is starting up", "Postgres is not up yet; try again"
    ),
    "shutting_down": _refused(
        "the database system is shutting down",
        "Postgres is being suspended at this moment; try again",
    ),
    "no_slots": _refused(
        "sorry, too many clients already",
        "Postgres is full, because its clients avoid the pooler: a wrong URL",
    ),
    "max_client_conn": _refused(
        "no more connections allowed (max_client_conn)",
        "the pooler is full with 10,000 clients; do not try again",
    ),
    "not_found": _refused(
        "The requested endpoint could not be found, or you don't have access to it. "
        "Please check the provided ID and try again.",
        "the branch has been deleted; do not try again",
        "ENDPOINT_NOT_FOUND",
    ),
    "disabled": _refused(
        "Control plane request failed: endpoint is disabled",
        "somebody has switched the compute off; do not try again",
    ),
    "quota": _refused(
        "Your account or project has exceeded the compute time quota. "
        "Upgrade your plan to increase limits.",
        "the plan's compute hours are used up; do not try again",
        "ACTIVE_TIME_QUOTA_EXCEEDED",
    ),
    "active_endpoints": _refused(
        "You have exceeded the limit of concurrently active endpoints. "
        "Please suspend some endpoints and try again.",
        "twenty computes are awake at once; do not try again",
        "ACTIVE_ENDPOINTS_LIMIT_EXCEEDED",
    ),
    "protected_role": _refused(
        "The role you're attempting to use is protected",
        "a role that is Neon's own; do not try again",
        "ROLE_PROTECTED",
    ),
}

SESSION = {
    "suspended": _ended(
        "terminating connection due to administrator command",
        "57P01",
        "the compute is suspended under a session: the next statement dies unread",
    ),
    "login_failing": _ended(
        "server login has been failing, cached error: connect failed (server_login_retry)",
        "08P01",
        "the pooler has not reached Postgres lately: a new session's first statement fails",
    ),
    "server_crashed": _ended(
        "server conn crashed?", "08P01", "the pooler has lost Postgres under a session"
    ),
    "pooler_stopped": _ended("server shutting down", "08P01", "the pooler is being stopped"),
    "query_wait_timeout": _ended(
        "query_wait_timeout",
        "08P01",
        "no connection to Postgres came free in time; Neon waits two minutes, this does not",
    ),
    "idle_in_transaction": _ended(
        "terminating connection due to idle-in-transaction timeout",
        "25P03",
        "a transaction was left open for too long",
    ),
    "query_lost": Known(Sent(how="fin"), "the next statement is lost, unread, with its session"),
    "query_torn": Known(Sent(bytes=7, how="fin"), "the next statement is cut in the middle"),
    "answer_lost": Known(
        Received(how="fin"), "the next statement is done, a COMMIT too, but its answer is lost"
    ),
    "answer_torn": Known(Received(bytes=7, how="fin"), "the next answer is cut in the middle"),
    "answer_reset": Known(Received(how="rst"), "the next answer is lost to a reset"),
    "frozen": Known(Received(how="hang"), "the next answer never comes, and nothing is closed"),
}

KNOWN = {**CONNECTION, **REFUSAL, **SESSION}
