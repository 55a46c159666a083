"""What may happen to documents alone."""

from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests import contract_documents
from tests.contract_callers import Call
from tests.contract_chosen import Id
from tests.contract_documents import DOCUMENTS
from tests.contract_machine import calls, documents, guards, people
from tests.contract_model import Guard, Row
from tests.contract_rules_rows import TEXTS, RowRules, news, patches, spaces

DOCUMENT = {"content": TEXTS}
"""Beside their titles."""


class DocumentRules(RowRules):
    @initialize(target=documents, new=news(DOCUMENT))
    def begin_documents(self, new: list[Row]) -> Any:
        return self.add(Call(), DOCUMENTS, new, self.home)

    @rule(target=documents, call=calls, new=news(DOCUMENT), team=spaces)
    def add_documents(self, call: Call, new: list[Row], team: Id | str | None) -> Any:
        return self.add(call, DOCUMENTS, new, team)

    @rule(
        call=calls,
        ids=st.tuples(documents, documents),
        patch=patches(DOCUMENT),
        team=spaces,
        guard=guards,
    )
    def change_documents(
        self, call: Call, ids: tuple[Id, Id], patch: list[Row], team: Any, guard: Guard
    ) -> None:
        self.change(call, DOCUMENTS, ids, patch, team, guard)

    @rule(call=calls, id=documents, to=people, guard=guards)
    def transfer(self, call: Call, id: Id, to: str, guard: Guard) -> None:
        version, heir = self.version("documents", id, guard), self.callers.ids[to]
        do = partial(contract_documents.transfer, id=id, to=heir, guard=version)
        body = {"to_user_id": heir}
        self.write(call, "POST", f"documents/{id}/transfer", do, body, version)
