"""What may happen to conversations, and be said in them."""

from functools import cached_property, partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, multiple, rule

from tests import contract_conversations as conversations
from tests.contract_callers import Call
from tests.contract_chosen import Id
from tests.contract_machine import Story, calls, guards, messages, people, talks
from tests.contract_model import Guard, Row
from tests.contract_reads import check_all_messages, check_message, check_messages

TITLES = st.sampled_from([None, "fern", "oak"])
SAID = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "assistant", "system", "tool"]),
        "content": st.sampled_from(["Hello", "Bye"]),
    },
    optional={"metadata": st.just({"model": "large"})},
)
PAGES = st.fixed_dictionaries(
    {
        "limit": st.integers(1, 3),
        "order": st.sampled_from(["asc", "desc"]),
        "way": st.sampled_from(["after", "before"]),
    }
)
Said = tuple[Id, Id]
"""A conversation and a message that was added to it."""


class TalkRules(Story):
    @initialize(target=talks)
    def begin_talk(self) -> Any:
        return self.talk

    @cached_property
    def talk(self) -> Id:
        """The owner's first conversation."""
        return self.start_one(Call(), {})[0]

    @initialize(target=messages, new=st.lists(SAID, min_size=2, max_size=3))
    def begin_to_speak(self, new: list[Row]) -> Any:
        return self.say(Call(), self.talk, new)

    @rule(target=talks, call=calls, new=st.fixed_dictionaries({}, optional={"title": TITLES}))
    def start(self, call: Call, new: Row) -> Any:
        return multiple(*self.start_one(call, new))

    def start_one(self, call: Call, new: Row) -> list[Id]:
        do = partial(conversations.add, new=new)
        return self.added("conversations", call, "POST", "conversations", do, new)

    @rule(
        call=calls,
        talk=talks,
        patch=st.fixed_dictionaries({}, optional={"title": TITLES}),
        guard=guards,
    )
    def rename(self, call: Call, talk: Id, patch: Row, guard: Guard) -> None:
        to = self.version("conversations", talk, guard)
        do = partial(conversations.change, id=talk, patch=patch, guard=to)
        self.write(call, "PATCH", f"conversations/{talk}", do, patch, to)

    @rule(call=calls, talk=talks, guard=guards, permanent=st.booleans())
    def delete_talk(self, call: Call, talk: Id, guard: Guard, *, permanent: bool) -> None:
        to = self.version("conversations", talk, guard)
        do = partial(conversations.delete, id=talk, guard=to, permanent=permanent)
        path = f"conversations/{talk}?permanent={str(permanent).lower()}"
        self.write(call, "DELETE", path, do, guard=to)

    @rule(call=calls, talk=talks, guard=guards)
    def restore_talk(self, call: Call, talk: Id, guard: Guard) -> None:
        to = self.version("conversations", talk, guard)
        do = partial(conversations.restore, id=talk, guard=to)
        self.write(call, "POST", f"conversations/{talk}/restore", do, guard=to)

    @rule(target=messages, call=calls, talk=talks, new=st.lists(SAID, min_size=1, max_size=3))
    def say(self, call: Call, talk: Id, new: list[Row]) -> Any:
        """One message alone, or a batch."""
        batch = len(new) > 1
        do = partial(conversations.append, id=talk, news=new, batch=batch)
        path = f"conversations/{talk}/messages" + "/batch" * batch
        body = {"items": new} if batch else new[0]
        added = self.added("messages", call, "POST", path, do, body)
        return multiple(*((talk, message) for message in added))

    @rule(call=calls, said=messages, elsewhere=st.none() | talks)
    def unsay(self, call: Call, said: Said, elsewhere: Id | None) -> None:
        talk, message = elsewhere or said[0], said[1]
        do = partial(conversations.delete_message, id=talk, message=message)
        self.write(call, "DELETE", f"conversations/{talk}/messages/{message}", do)

    @rule(who=people, said=messages)
    def read_message(self, who: str, said: Said) -> None:
        check_message(self.callers, who, *said)

    @rule(who=people, said=messages, query=PAGES, here=st.booleans())
    def read_messages(self, who: str, said: Said, query: Row, *, here: bool) -> None:
        """From this message on, though it may be gone; or from the first on."""
        check_messages(self.callers, who, said[0], query, said[1] if here else None)

    @rule(said=messages)
    def read_all_messages(self, said: Said) -> None:
        check_all_messages(self.callers, said[0])
