"""Whether what a cut request was told agrees with what became of the tables."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Literal, NamedTuple

from dev.lambda_function import Response
from dev.prove._cuts_answers import disagreements, said
from dev.prove._cuts_effect import Effect, differences, effect
from dev.prove._cuts_names import Ids
from dev.prove._cuts_truth import Rows

Told = Literal["success", "honest 503", "outcome unknown", "nonsense"]
Wrong = Literal["duplicate", "lost", "untruth"]


class Lesson(NamedTuple):
    """What the same request is told, and what it does, when nothing is cut."""

    status: int
    said: str
    due: Effect


class Seen(NamedTuple):
    """One case: the answers, and the rows before, after, and when all was over."""

    ids: Ids
    before: Rows
    answer: Response
    after: Rows
    repeated: bool
    """Whether the next request of the process was this one again, or another."""
    next: Response
    last: Rows
    sent: bool = True
    """Whether any try can have got as far as to send the statement."""


class Finding(NamedTuple):
    told: Told
    wrong: Wrong | None
    why: str


def find(lesson: Lesson, seen: Seen) -> Finding:
    told = hear(lesson, seen.answer)
    wrong, why = next(complaints(lesson, seen, told), (None, ""))
    return Finding(told, wrong, why)


def hear(lesson: Lesson, answer: Response) -> Told:
    if answer.status == lesson.status:
        return "success"
    if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return "nonsense"
    unknown = b'"code":"outcome_unknown"' in answer.body
    return "outcome unknown" if unknown else "honest 503"


Complaints = Iterator[tuple[Wrong, str]]


def complaints(lesson: Lesson, seen: Seen, told: Told) -> Complaints:
    """The gravest first."""
    did, total = (effect(seen.before, rows, seen.ids) for rows in (seen.after, seen.last))
    for done in (did, total):
        if done > lesson.due:
            yield "duplicate", f"what was to be done once: {differences(done, lesson.due)}"
    yield from first(lesson, seen, told, did)
    yield from second(lesson, seen, told)
    yield from final(lesson, seen, told, total)


def first(lesson: Lesson, seen: Seen, told: Told, did: Effect) -> Complaints:
    """What the answer says, and what was so when it came."""
    due = lesson.due
    if told == "success" and due and not did:
        yield "lost", "it was acknowledged, and is not there"
    if told == "success" and did != due:
        yield "untruth", f"it was acknowledged, and is there in part: {differences(did, due)}"
    if told == "success" and said(seen.answer, seen.ids) != lesson.said:
        yield "untruth", f"the answer is another than without a cut: {said(seen.answer, seen.ids)}"
    if told == "success":
        yield from (("untruth", words) for words in disagreements(seen.answer, seen.after))
    if told == "honest 503" and did:
        yield "untruth", f"nothing was changed, it says: {differences(did, due)}"
    if told == "outcome unknown" and did and did != due:
        yield "untruth", f"it is there in part: {differences(did, due)}"
    if told == "outcome unknown" and not seen.sent:
        yield "untruth", "it might have happened, it says, and was never sent"
    if told == "nonsense":
        yield "untruth", f"a valid request got {seen.answer.status}: {seen.answer.body!r}"
    if told != "success" and not seen.answer.header("Retry-After"):
        yield "untruth", "it says not when to try again"


def second(lesson: Lesson, seen: Seen, told: Told) -> Complaints:
    """The next request of the process, which nobody cut."""
    answer = seen.next
    if answer.status != (lesson.status if seen.repeated else HTTPStatus.OK):
        yield "untruth", f"the next request got {answer.status}: {answer.body!r}"
    if seen.repeated and said(answer, seen.ids) != lesson.said:
        yield "untruth", f"its repeat got another answer: {said(answer, seen.ids)}"
    done = told == "success" and answer.status < HTTPStatus.BAD_REQUEST
    if seen.repeated and done and answer.body != seen.answer.body:
        yield "untruth", f"its repeat got another answer: {answer.body!r}"
    if told == "honest 503" and lesson.due and answer.header("Idempotent-Replayed"):
        yield "untruth", "nothing was changed, it said, and then that it had been done before"


def final(lesson: Lesson, seen: Seen, told: Told, total: Effect) -> Complaints:
    """Done once in the end, unless nobody knows and nobody asked again."""
    unsettled = told == "outcome unknown" and not seen.repeated
    if lesson.due and not total and not unsettled:
        yield "lost", "it is not there in the end"
    if total != lesson.due and (total or not unsettled):
        yield "untruth", f"in the end it is there in part: {differences(total, lesson.due)}"
