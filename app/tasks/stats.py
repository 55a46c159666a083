"""The numbers of all tasks in sight, in one statement."""

from typing import Any

from sqlalchemy import (
    TIMESTAMP,
    ColumnElement,
    Date,
    Select,
    cast,
    extract,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.access import Caller, visible_to
from app.db import OneTrip
from app.tables import PRIORITIES, STATUSES, Task, live

DAY: Any = literal_column("interval '1 day'")
WEEK: Any = literal_column("interval '7 days'")


def get_stats(db: OneTrip, me: Caller) -> Any:
    """Count; a task is overdue, or due within 7 days, only while it is not done."""
    task = select(Task).where(live(Task), visible_to(me, Task)).cte("task").c
    waiting, now = task.status != "done", func.now()
    done, total = count(task.status == "done"), func.count(task.id)
    hours = extract("epoch", task.completed_at - task.created_at) / 3600
    statement: Any = select(
        total.label("total"),
        counts(task.status, STATUSES).label("by_status"),
        counts(task.priority, PRIORITIES).label("by_priority"),
        count(waiting & (task.due_at < now)).label("overdue"),
        count(waiting & task.due_at.between(now, now + WEEK)).label("due_within_7_days"),
        per_day(task.completed_at).scalar_subquery().label("completed_per_day"),
        func.coalesce(done * 1.0 / func.nullif(total, 0), 0).label("completion_rate"),
        func.percentile_cont(0.5).within_group(hours).label("median_hours_to_complete"),
    )
    return db.rows(statement)[0]


def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


def counts(column: ColumnElement[str], values: tuple[str, ...]) -> ColumnElement[Any]:
    """How many rows have each value, none left out."""
    pairs = [part for value in values for part in (value, count(column == value))]
    return func.jsonb_build_object(*pairs, type_=JSONB)


def per_day(column: ColumnElement[Any]) -> Select[Any]:
    """How many of these times lie in each of the last 30 days, today in UTC being the last."""
    today = cast(func.timezone("UTC", func.now()), Date)
    days = (
        func.generate_series(cast(today - 29, TIMESTAMP), cast(today, TIMESTAMP), DAY)
        .table_valued("day")
        .render_derived("days")
    )
    day = cast(days.c.day, Date)
    on = cast(func.timezone("UTC", column), Date) == day
    each = select(day.label("date"), func.count(column).label("count"))
    each = each.select_from(days).outerjoin(column.table, on).group_by(day).order_by(day)
    return select(func.jsonb_agg(func.to_jsonb(each.subquery("each").table_valued()), type_=JSONB))
