"""The app, assembled. Serve it with `uvicorn app.main:app`."""

from app import wake

wake.knock()

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app import logs, problems
from app.conversations.routes import router as conversations
from app.cors import ALLOWED, Cors
from app.documents.routes import router as documents
from app.health.routes import router as health
from app.messages.routes import router as messages
from app.openapi import documented
from app.purge.routes import router as purge
from app.settings import get_settings
from app.tasks.routes import router as tasks
from app.teams.routes import router as teams
from app.telemetry import CONFIG
from app.users.routes import router as users


def create_app() -> FastAPI:
    settings = get_settings()
    logs.configure(settings.log_level)
    app = FastAPI(
        title="Thaw",
        version="0.1.0",
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        telemetry=CONFIG,
    )
    problems.install(app)
    app.add_middleware(Cors, allow_origins=settings.cors_origins, **ALLOWED)
    app.add_middleware(logs.RequestLine)
    app.include_router(health, responses=documented(413, 422, 500))
    app.include_router(purge)
    for router in (users, conversations, documents, messages, tasks, teams):
        everywhere = documented(401, 403, 413, 415, 422, 500, 503)
        app.include_router(router, prefix="/api/{user_id}", responses=everywhere)
    logs.templates(app)  # FastAPI puts its routes together now, while the database wakes
    return app


def operation_id(route: APIRoute) -> str:
    """`list_tasks`, not `list_tasks_api__user_id__tasks_get`: generated clients read like ours."""
    return route.name


app = create_app()
