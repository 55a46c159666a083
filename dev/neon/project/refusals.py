"""What the API refuses, with Neon's status, code and words."""


class Refusal(Exception):  # noqa: N818  it is an answer, not a fault
    """An answer other than the one asked for.

    `code` is empty where Neon's own is not known: nobody shall learn to rely on ours.
    """

    def __init__(self, status: int, message: str, code: str = "", *, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = {"Retry-After": str(retry_after)} if retry_after else {}


def not_found(what: str) -> Refusal:
    return Refusal(404, f"{what} not found")


def unprocessable(message: str, code: str = "") -> Refusal:
    return Refusal(422, message, code)


def name_taken(name: str) -> Refusal:
    return Refusal(409, f'branch with the name "{name}" already exists')


def busy() -> Refusal:
    return Refusal(
        423,
        "project already has running conflicting operations, scheduling of new ones is prohibited",
    )
