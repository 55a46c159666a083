"""What may happen to teams and to users themselves."""

from functools import cached_property, partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, multiple, rule

from tests import contract_teams as model
from tests import contract_users as users
from tests.contract_callers import ME, Call
from tests.contract_chosen import Id
from tests.contract_machine import Story, calls, guards, people, teams
from tests.contract_model import Guard, Row
from tests.contract_reads import check_user

NAMES = st.sampled_from(["ash", "birch"])
ROLES = st.sampled_from(["owner", "admin", "member"])


class PeopleRules(Story):
    @cached_property
    def home(self) -> Id:
        """The owner's first team, whom an admin and a teammate help."""
        [team] = self.found_one(Call(), "home")
        for whom, role in (("teammate", "member"), ("admin", "admin")):
            self.put(Call(), team, whom, role, None)
        return team

    @initialize(target=teams)
    def begin_team(self) -> Any:
        return self.home

    @rule(target=teams, call=calls, name=NAMES)
    def found(self, call: Call, name: str) -> Any:
        return multiple(*self.found_one(call, name))

    def found_one(self, call: Call, name: str) -> list[Id]:
        new = {"name": name}
        return self.added("teams", call, "POST", "teams", partial(model.add, new=new), new)

    @rule(call=calls, team=teams, name=NAMES, guard=guards)
    def rename_team(self, call: Call, team: Id, name: str, guard: Guard) -> None:
        to = self.version("teams", team, guard)
        do = partial(model.change, id=team, patch={"name": name}, guard=to)
        self.write(call, "PATCH", f"teams/{team}", do, {"name": name}, to)

    @rule(call=calls, team=teams, guard=guards)
    def dissolve(self, call: Call, team: Id, guard: Guard) -> None:
        to = self.version("teams", team, guard)
        do = partial(model.delete, id=team, guard=to)
        self.write(call, "DELETE", f"teams/{team}", do, guard=to)

    @rule(call=calls, team=teams, whom=people, role=ROLES, guard=guards)
    def put(self, call: Call, team: Id, whom: str, role: str, guard: Guard) -> None:
        to, id = self.version("teams", team, guard), self.callers.ids[whom]
        do = partial(model.put, id=team, whom=id, role=role, guard=to)
        self.write(call, "PUT", f"teams/{team}/members/{id}", do, {"role": role}, to)

    @rule(call=calls, team=teams, whom=people, guard=guards)
    def remove(self, call: Call, team: Id, whom: str, guard: Guard) -> None:
        to, id = self.version("teams", team, guard), self.callers.ids[whom]
        do = partial(model.remove, id=team, whom=id, guard=to)
        self.write(call, "DELETE", f"teams/{team}/members/{id}", do, guard=to)

    @rule(call=calls, team=teams)
    def leave(self, call: Call, team: Id) -> None:
        me = self.callers.ids[call.who]
        do = partial(model.remove, id=team, whom=me, guard=None)
        self.write(call, "DELETE", f"teams/{team}/members/me", do)

    @rule(
        call=calls,
        patch=st.fixed_dictionaries(
            {}, optional={"name": NAMES, "image": st.sampled_from([None, "https://example.com/i"])}
        ),
    )
    def change_profile(self, call: Call, patch: Row) -> None:
        self.write(call, "PATCH", ME, partial(users.change, patch=patch), patch)

    @rule(who=people)
    def read_profile_and_export(self, who: str) -> None:
        check_user(self.callers, who)

    @rule(call=calls)
    def delete_everything(self, call: Call) -> None:
        self.write(call, "DELETE", ME, users.delete_everything)

    @rule(who=st.sampled_from(["outsider", "newcomer"]))
    def say_farewell(self, who: str) -> None:
        """Have everything deleted, whereupon the issuer deletes the account itself."""
        if self.write(Call(who), "DELETE", ME, users.delete_everything):
            id = self.callers.ids[who]
            self.sql.execute('DELETE FROM "user" WHERE id = %s', (id,))
            self.callers.world.users.pop(id, None)
