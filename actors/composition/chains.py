"""Chains: each message gets the value of the one before, as in Dramatiq's own pipelines."""

from __future__ import annotations

from typing import Any

import dramatiq
from dramatiq import Message, pipeline

from actors.composition.compositions import Committed, Composition, Copies, checked, fresh
from actors.facade import Actor
from actors.handles import AsyncResult


class ChainResult(AsyncResult[Any]):
    """The handle of a chain: that of its last message. `links`: those of all, the first first.

    Where a link fails, is revoked or expires, those after it never run, and `get()` raises that at
    once. `AsyncResult(id)` of the last one's id does so from any process.
    """

    __slots__ = ("links",)

    def __init__(self, links: list[AsyncResult[Any]]) -> None:
        last = links[-1]
        super().__init__(last.id, actor=last._actor, is_committed=last._is_committed)
        self.links = links

    def revoke(self) -> str:
        """Cancel the whole chain: what has not run never does. Returns what stopped it."""
        for link in self.links:
            if (said := AsyncResult.revoke(link)) in _STOPS:
                break
        return said

    async def arevoke(self) -> str:
        """Async twin of `revoke`."""
        for link in self.links:
            if (said := await AsyncResult.arevoke(link)) in _STOPS:
                break
        return said


class chain(Composition[AsyncResult[Any]]):
    """Messages that run one after another, each with the value of the one before as last argument.

        chain(add.message(1, 2), multiply.message(10)).delay().get()    # 30

    A message is a pattern: each `delay()` sends copies with ids of their own. A link that ignores
    the value before has Dramatiq's option: `now.message_with_options(pipe_ignore=True)`.

    Raises:
        ValueError: It is empty.
        TypeError: An element is no message, chain or Dramatiq pipeline.
    """

    def __init__(self, *links: Message[Any] | chain | pipeline) -> None:
        self._links = [message for link in links for message in _messages_of(link)]
        if not self._links:
            raise ValueError("A chain of no messages has no value; give it one at least.")

    def __repr__(self) -> str:
        return f"chain({', '.join(map(str, self._links))})"

    def _copy(self, options: dict[str, Any]) -> Copies[AsyncResult[Any]]:
        copies = [fresh(link, {}) for link in self._links[:-1]]
        copies.append(fresh(self._links[-1], options))
        messages = pipeline(copies).messages

        def handle(is_committed: Committed) -> AsyncResult[Any]:
            results = [
                AsyncResult[Any](
                    message.message_id, actor=_actor_of(message), is_committed=is_committed
                )
                for message in messages
            ]
            return ChainResult(results) if len(results) > 1 else results[0]

        return Copies(messages[:1], handle)


#: What `revoke` says where the rest of the chain will not run.
_STOPS = frozenset({"revoked", "asked"})


def _messages_of(link: Any) -> list[Message[Any]]:
    if isinstance(link, chain):
        return link._links
    if isinstance(link, pipeline):
        return [checked(message, "chain") for message in link.messages]
    if isinstance(link, Composition):
        raise TypeError(
            "chain: a group can't be a link. What follows a group is its callback: "
            "group([...], then=message)."
        )
    return [checked(link, "chain")]


def _actor_of(message: Message[Any]) -> Actor[..., Any] | None:
    actor = dramatiq.get_broker().actors.get(message.actor_name)
    return actor if isinstance(actor, Actor) else None
