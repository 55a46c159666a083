"""What the common SQLAlchemy pattern sends for the same work, counted by the same proxy.

A Session for each request, pool_pre_ping, read before write, commit, refresh: as tutorials and
project templates have it.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg2
from sqlalchemy import create_engine, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from dev.wire import CountingProxy, Counts

USER = "demo"


def handshake(proxy: CountingProxy) -> Counts:
    """What psycopg2 alone needs to connect, whoever uses it."""
    proxy.reset()
    psycopg2.connect(proxy.url).close()
    return proxy.snapshot()


def usual(proxy: CountingProxy) -> dict[str, Counts]:
    """Each request's round trips, the first of a process before the warm ones."""
    from app.tables import new_id  # noqa: PLC0415  the environment is complete only now

    url = make_url(proxy.url).set(drivername="postgresql+psycopg2")
    engine = create_engine(url, pool_size=1, pool_pre_ping=True)
    id = new_id()

    def counted(request: Callable[[Session, UUID], None]) -> Counts:
        proxy.reset()
        with Session(engine) as session:
            request(session, id)
        return proxy.take()

    requests = {"first of a process": page, "add": add, "read": read}
    requests |= {"list": page, "change": change, "delete": delete}
    try:
        return {name: counted(request) for name, request in requests.items()}
    finally:
        engine.dispose()


def add(session: Session, id: UUID) -> None:
    from app.tables import Task, User  # noqa: PLC0415

    session.get_one(User, USER)
    values: dict[str, Any] = {
        "id": id,
        "user_id": USER,
        "title": "Usual",
        "description": None,
        "status": "todo",
    }
    task = Task(**values, priority="low", tags=[], version=1)
    session.add(task)
    session.commit()
    session.refresh(task)


def read(session: Session, id: UUID) -> None:
    one(session, id)


def page(session: Session, _id: UUID) -> None:
    from app.tables import Task  # noqa: PLC0415

    mine: Any = select(Task).where(Task.user_id == USER)  # type: ignore[arg-type]  # a column
    session.scalar(select(func.count()).select_from(mine.subquery()))
    session.scalars(mine.limit(50)).all()


def change(session: Session, id: UUID) -> None:
    task = one(session, id)
    task.title = "Changed"
    session.commit()
    session.refresh(task)


def delete(session: Session, id: UUID) -> None:
    session.delete(one(session, id))
    session.commit()


def one(session: Session, id: UUID) -> Any:
    from app.tables import Task  # noqa: PLC0415

    return session.get_one(Task, id)
