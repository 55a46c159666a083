"""What callers send to make and change tasks, and what they get."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, computed_field

from app.fields import Sent, Time, UserId, without_defaults
from app.pages import Page
from app.searching import Found, SearchQuery, sorted_by
from app.sent_batches import ById, Changes, Ids, News
from app.tables import Priority, Status

Title = Annotated[str, Field(min_length=1, max_length=200, examples=["Water the plants"])]
Description = Annotated[str, Field(max_length=2000, examples=["The ferns, not the cactus"])]
Tags = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=50)]],
    Field(max_length=20, examples=[["home", "garden"]]),
]


class NewTask(Sent):
    title: Title
    description: Description | None = None
    status: Status = "todo"
    priority: Priority = "medium"
    tags: Tags = Field(default=[])
    due_at: Time | None = None
    team_id: UUID | None = None


class TaskChange(Sent):
    """A merge patch (RFC 7396): what is absent stays, null clears what can be empty."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    title: Title = ""
    description: Description | None = None
    status: Status = "todo"
    priority: Priority = "medium"
    tags: Tags = Field(default=[])
    due_at: Time | None = None
    team_id: UUID | None = None


class TaskChangeById(TaskChange, ById):
    pass


class NewTasks(News[NewTask]):
    pass


class TaskChanges(Changes[TaskChangeById]):
    pass


class TaskIds(Ids):
    pass


class TaskOut(BaseModel):
    id: UUID
    user_id: UserId
    team_id: UUID | None
    title: str = Field(examples=["Water the plants"])
    description: str | None = Field(examples=["The ferns, not the cactus"])
    status: Status
    priority: Priority
    tags: list[str] = Field(examples=[["home", "garden"]])
    due_at: Time | None
    completed_at: Time | None = Field(examples=[None])
    created_at: Time
    updated_at: Time
    deleted_at: Time | None = Field(examples=[None])
    version: int

    @computed_field
    def completed(self) -> bool:
        return self.status == "done"


class TaskItem(TaskOut, Found):
    """A task in a list."""


class TaskPage(Page[TaskItem]):
    pass


class TasksOut(BaseModel):
    items: list[TaskOut]


class TaskQuery(SearchQuery):
    """Filters of the list; every one given narrows it."""

    status: list[Literal["todo", "in_progress", "done", "pending", "completed", "all"]] = Field(
        [], description="May repeat; `pending` is todo or in_progress, `completed` is done"
    )
    priority: list[Priority] = Field([], description="May repeat")
    completed: bool | None = Field(None, description="Done or not")
    tag: list[str] = Field([], max_length=20, description="May repeat: tasks that have them all")
    due_before: Time | None = Field(None, description="Due earlier than this")
    due_after: Time | None = Field(None, description="Due later than this")
    created_after: Time | None = Field(None, description="Added later than this")
    team_id: UUID | None = Field(None, description="Shared with this team")
    deleted: bool = Field(default=False, description="The deleted ones instead")
    sort: Literal[
        "created_at", "-created_at", "updated_at", "-updated_at", "due_at", "-due_at",
        "priority", "-priority", "title", "-title", "-relevance",
    ] = sorted_by("-created_at")  # fmt: skip

    @property
    def statuses(self) -> set[str]:
        """The plain statuses asked for; empty where any will do."""
        groups = {"pending": {"todo", "in_progress"}, "completed": {"done"}}
        if "all" in self.status:
            return set()
        return set().union(*(groups.get(each, {each}) for each in self.status))


class DayCount(BaseModel):
    date: str = Field(examples=["2026-01-31"])
    count: int


class TaskStats(BaseModel):
    total: int
    by_status: dict[Status, int] = Field(examples=[{"todo": 1, "in_progress": 0, "done": 1}])
    by_priority: dict[Priority, int] = Field(
        examples=[{"low": 0, "medium": 1, "high": 0, "urgent": 1}]
    )
    overdue: int
    due_within_7_days: int
    completed_per_day: list[DayCount] = Field(description="The last 30 days in UTC, oldest first")
    completion_rate: float = Field(description="Done of all, 0 to 1", examples=[0.5])
    median_hours_to_complete: float | None = Field(examples=[26.5])
