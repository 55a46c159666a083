"""What the API tells of a project, in Neon's words and shapes.

Figures that a laptop has no use for, such as bills, are nought: Neon's clients insist on them.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, Field, computed_field

from dev.neon.project.names import REGION, host, new_id


def now() -> datetime:
    """Neon's clock shows whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


class Record(BaseModel):
    created_at: datetime = Field(default_factory=now)
    updated_at: datetime = Field(default_factory=now)

    def change(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)
        self.updated_at = now()


class Branch(Record):
    id: str = Field(default_factory=lambda: new_id("br"))
    project_id: str
    name: str
    parent_id: str | None = None
    init_source: str = "parent-data"
    annotation: dict[str, str] = {}
    creation_source: str = "console"
    default: bool = False
    primary: bool = False
    protected: bool = False
    expires_at: datetime | None = None
    ttl_interval_seconds: int | None = None
    last_reset_at: datetime | None = None
    logical_size: int = 0
    cpu_used_sec: int = 0
    compute_time_seconds: int = 0
    active_time_seconds: int = 0
    written_data_bytes: int = 0
    data_transfer_bytes: int = 0

    @computed_field
    def state_changed_at(self) -> datetime:
        return self.updated_at

    def expire(self, when: datetime | None) -> None:
        lifetime = None if when is None else round((when - now()).total_seconds())
        self.change(expires_at=when, ttl_interval_seconds=lifetime)

    def restart(self, parent_id: str) -> None:
        """It has just been reset, which starts its lifetime anew."""
        self.change(parent_id=parent_id, last_reset_at=now())
        if self.ttl_interval_seconds is not None:
            self.expire(now() + timedelta(seconds=self.ttl_interval_seconds))


class Endpoint(Record):
    id: str = Field(default_factory=lambda: new_id("ep"))
    project_id: str
    branch_id: str
    host: str = Field(default_factory=lambda known: host(known["id"]))
    region_id: str = "aws-us-east-2"
    proxy_host: str = REGION
    type: str = "read_write"
    settings: dict[str, Any] = {}
    pooler_enabled: bool = False
    pooler_mode: str = "transaction"
    disabled: bool = False
    passwordless_access: bool = True
    creation_source: str = "console"
    provisioner: str = "k8s-neonvm"
    suspend_timeout_seconds: int = 0
    autoscaling_limit_min_cu: float = 0.25
    autoscaling_limit_max_cu: float = 0.25


class Operation(Record):
    id: str = Field(default_factory=lambda: str(uuid4()))
    project_id: str
    branch_id: str
    endpoint_id: str | None = None
    action: str
    status: str = "scheduling"
    error: str | None = None
    failures_count: int = 0
    total_duration_ms: int = 0

    @property
    def unfinished(self) -> bool:
        return self.status in {"scheduling", "running"}


class Role(Record):
    branch_id: str
    name: str
    password: str
    protected: bool = False


class Database(Record):
    id: int
    branch_id: str
    name: str
    owner_name: str


class ProjectRecord(Record):
    id: str
    name: str = "thaw"
    platform_id: str = "aws"
    region_id: str = "aws-us-east-2"
    proxy_host: str = REGION
    provisioner: str = "k8s-neonvm"
    pg_version: int
    store_passwords: bool = True
    creation_source: str = "console"
    owner_id: str = "laptop"
    history_retention_seconds: int = 0
    branch_logical_size_limit: int = 0
    branch_logical_size_limit_bytes: int = 0
    active_time: int = 0
    active_time_seconds: int = 0
    compute_time_seconds: int = 0
    cpu_used_sec: int = 0
    data_storage_bytes_hour: int = 0
    data_transfer_bytes: int = 0
    written_data_bytes: int = 0
    consumption_period_start: datetime = Field(default_factory=now)
    consumption_period_end: datetime = Field(default_factory=now)
