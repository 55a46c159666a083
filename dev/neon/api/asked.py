"""What every route of the API needs to know of its request."""

from typing import Annotated

from fastapi import Depends, Request

from dev.neon.project.project import Project


def asked_project(request: Request) -> Project:
    project: Project = request.app.state.project
    return project


Asked = Annotated[Project, Depends(asked_project)]
