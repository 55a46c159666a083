"""Somebody with a browser and an account at a Better Auth server."""

import httpx2

ACCOUNT = {"name": "Demo", "email": "demo@example.com", "password": "correct-horse-9"}


class Person:
    def __init__(self, origin: str) -> None:
        self._browser = httpx2.Client(base_url=origin, headers={"Origin": origin})

    def sign_up(self) -> str:
        """Make the account; returns its id."""
        answer = self._browser.post("/api/auth/sign-up/email", json=ACCOUNT).raise_for_status()
        id: str = answer.json()["user"]["id"]
        return id

    def token(self, configuration: str = "api/auth") -> str:
        """The JWT for an API, as a front end asks for it, under one of the server's set-ups."""
        answer = self._browser.get(f"/{configuration}/token").raise_for_status()
        token: str = answer.json()["token"]
        return token

    def cookie(self, configuration: str) -> str:
        """The session kept in a cookie, which is a JWT too, but none for an API."""
        self._browser.post(f"/{configuration}/sign-in/email", json=ACCOUNT).raise_for_status()
        return str(self._browser.cookies["better-auth.session_data"])
