"""What completing and reopening a task change."""

from sqlalchemy import case
from sqlmodel import col

from app.tables import Task

DONE = {"status": "done"}
REOPENED = {"status": case((col(Task.status) == "done", "todo"), else_=col(Task.status))}
