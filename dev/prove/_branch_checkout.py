"""The code of a pull request: a copy of this checkout, to which it adds revisions."""

import shutil
from pathlib import Path

from dev import ROOT

PARTS = ("api", "app", "dev", "migrations", "pyproject.toml")

REVISION = '''"""{words}"""

from alembic import op

revision, down_revision, branch_labels, depends_on = "{id}", "{after}", None, None


def upgrade() -> None:
    for statement in {statements!r}:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError
'''


class Checkout:
    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir()
        for part in PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(
                    ROOT / part, place / part, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy(ROOT / part, place / part)
        self.head = max(path.name[:4] for path in self.versions.glob("0*.py"))

    @property
    def versions(self) -> Path:
        return self.place / "migrations" / "versions"

    def add(self, words: str, *statements: str, tables: str = "") -> str:
        """A revision after the newest, and what the code's tables say of it; returns its id."""
        id = f"{int(self.head) + 1:04}"
        text = REVISION.format(words=words, id=id, after=self.head, statements=list(statements))
        (self.versions / f"{id}_of_the_pull_request.py").write_text(text)
        with (self.place / "app" / "tables.py").open("a") as file:
            file.write(tables)
        self.head = id
        return id

    def take_back(self) -> None:
        """Forget the newest revision."""
        next(self.versions.glob(f"{self.head}_*.py")).unlink()
        self.head = f"{int(self.head) - 1:04}"
