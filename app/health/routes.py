"""Health needs no token and tells no secrets. Monitors that poll ask /health: it wakes nothing."""

from app.db import Database
from app.health.readiness import Readiness
from app.health.schemas import Live, Ready
from app.openapi import documented
from app.routers import public

router = public("/health", "health", 413, 422, 500)
readiness = Readiness()


@router.get("")
async def get_health() -> Live:
    """The process lives; the database is not asked."""
    return Live()


@router.get("/ready", responses=documented(503))
def get_readiness(db: Database) -> Ready:
    """The database answers and is not behind the code. The answer is kept for 10 s."""
    return readiness.get(db)


@router.get("/db", responses=documented(503))
def get_database_health(db: Database) -> Ready:
    """The same as /health/ready."""
    return readiness.get(db)
