"""The caller's own profile: Better Auth's row, or the token's claims where there is none yet."""

import pytest
from psycopg2.extensions import cursor

from tests.people import Person

ME = "http://test/api/me"


def test_the_profile_is_the_row(owner: Person) -> None:
    profile = owner.get(ME).json()
    assert profile.pop("created_at") == profile.pop("updated_at")
    assert profile == {
        "id": owner.id,
        "name": "owner",
        "email": owner.email,
        "email_verified": True,
        "image": None,
    }


def test_a_patch_changes_what_it_names(owner: Person) -> None:
    before = owner.get(ME).json()
    after = owner.patch(ME, json={"image": "https://example.com/me.png"}).json()
    assert {name for name in after if after[name] != before[name]} == {"image", "updated_at"}
    assert owner.patch(ME, json={"image": None, "name": "New"}).json()["image"] is None
    assert owner.get(ME).json()["name"] == "New"


@pytest.mark.parametrize(
    "body",
    [{"name": None}, {"name": ""}, {"email": "a@example.com"}, {"id": "x"}, {"image": "x" * 2049}],
)
def test_what_is_not_the_users_to_change_is_refused(owner: Person, body: dict[str, str]) -> None:
    before = owner.get(ME).json()
    assert owner.patch(ME, json=body).status_code == 422
    assert owner.get(ME).json() == before


def test_a_first_change_makes_the_row_from_the_token(sql: cursor) -> None:
    stranger = Person("stranger")
    made = stranger.patch(ME, json={"name": "Chosen"}).json()
    assert (made["name"], made["email"]) == ("Chosen", stranger.email)
    assert stranger.get(ME).json() == made
    sql.execute('SELECT name FROM "user" WHERE id = %s', (stranger.id,))
    assert sql.fetchone() == ("Chosen",)


def test_a_token_without_an_email_makes_no_row(sql: cursor) -> None:
    stranger = Person("stranger")
    headers = {"Authorization": f"Bearer {stranger.token(email=None)}"}
    for refused in (
        stranger.patch(ME, json={"name": "N"}, headers=headers),
        stranger.post("tasks", json={"title": "T"}, headers=headers),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert stranger.get(ME, headers=headers).json()["email"] is None
    sql.execute('SELECT FROM "user" WHERE id = %s', (stranger.id,))
    assert sql.rowcount == 0


def test_another_users_profile_is_forbidden(owner: Person, outsider: Person) -> None:
    for method, body in (("GET", None), ("PATCH", {"name": "Theirs"})):
        refused = outsider.request(method, f"http://test/api/{owner.id}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert owner.get(ME).json()["name"] == "owner"


def test_a_profile_with_another_accounts_email_is_not_made(owner: Person) -> None:
    double = Person("double")
    headers = {"Authorization": f"Bearer {double.token(email=owner.email)}"}
    refused = double.patch(ME, json={"name": "N"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "email_taken")
