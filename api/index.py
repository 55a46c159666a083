"""Vercel's door: it looks for `app` here, and publishes every file of this folder that has one."""

from app.main import app

__all__ = ["app"]
