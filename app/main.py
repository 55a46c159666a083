"""The app, assembled. Serve it with `uvicorn app.main:app`."""

from app import starting

starting.begin()

from typing import cast

from fastapi import FastAPI

from app import logs, problems
from app.conversations.routes import router as conversations
from app.cors import ALLOWED, Cors
from app.documents.routes import router as documents
from app.health.routes import router as health
from app.lazy_routes import LazyRoute
from app.messages.routes import router as messages
from app.purge.routes import router as purge
from app.settings import get_settings
from app.tasks.routes import router as tasks
from app.teams.routes import router as teams
from app.telemetry import CONFIG
from app.users.routes import router as users

ROUTERS = (problems.router, health, purge, users, conversations, documents, messages, tasks, teams)
ROUTES = [cast("LazyRoute", route) for router in ROUTERS for route in router.routes]


def create_app() -> FastAPI:
    settings = get_settings()
    logs.configure(settings.log_level)
    app = FastAPI(
        title="Thaw",
        version="0.1.0",
        redirect_slashes=False,
        telemetry=CONFIG,
    )
    for route in ROUTES:
        route.join(app)
    problems.install(app)
    app.add_middleware(Cors, allow_origins=settings.cors_origins, **ALLOWED)
    app.add_middleware(logs.RequestLine)
    return app


app = create_app()
starting.end()
