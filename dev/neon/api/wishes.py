"""What callers send to change a project; unknown fields are passed over, as at Neon."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, field_validator

from dev.neon.project.records import now
from dev.neon.project.refusals import unprocessable

LONGEST = timedelta(days=30)


class BranchValues(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    protected: bool | None = None
    expires_at: AwareDatetime | None = None

    @field_validator("expires_at")
    @classmethod
    def within_a_month(cls, when: AwareDatetime | None) -> AwareDatetime | None:
        if when is None or now() < when <= now() + LONGEST:
            return when
        raise ValueError("must lie ahead, and 30 days at most")


class NewBranchValues(BranchValues):
    parent_id: str | None = None
    parent_lsn: str | None = None
    parent_timestamp: AwareDatetime | None = None
    init_source: Literal["parent-data", "schema-only"] = "parent-data"


class NewEndpoint(BaseModel):
    type: Literal["read_write"]
    suspend_timeout_seconds: Annotated[int, Field(ge=-1, le=604_800)] = 0


class NewBranch(BaseModel):
    branch: NewBranchValues = NewBranchValues()
    endpoints: Annotated[list[NewEndpoint], Field(max_length=1)] = []
    annotation_value: Annotated[dict[str, str], Field(max_length=50)] = {}


class BranchChange(BaseModel):
    branch: BranchValues


class Restore(BaseModel):
    source_branch_id: str
    source_lsn: str | None = None
    source_timestamp: AwareDatetime | None = None
    preserve_under_name: str | None = None


def refuse_history(*moments: object) -> None:
    """Only the present can be copied: Neon keeps every moment, a data directory the last one."""
    if any(moment is not None for moment in moments):
        raise unprocessable("this stand-in keeps no history: name no LSN and no timestamp")
