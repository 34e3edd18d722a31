"""Groups: messages that run side by side, and what follows when the last of them has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator, Iterable, Sequence
from datetime import timedelta
from typing import Any

from dramatiq import Message, pipeline

from actors import envelopes, waiting
from actors.composition.chains import chain
from actors.composition.compositions import Committed, Composition, Copies, checked
from actors.following import refuse_running_loop
from actors.handles import DEFAULT_TIMEOUT_S, AsyncResult


class GroupResult:
    """The handle of a group. `results`: its members' handles, in order; `callbacks`: of those.

    results = group(add.message(i, i) for i in range(3)).delay()
    results.get()    # [0, 2, 4]

    From any process: `GroupResult([AsyncResult(id) for id in ids])`.
    """

    def __init__(
        self,
        results: Sequence[AsyncResult[Any] | GroupResult],
        callbacks: Sequence[AsyncResult[Any]] = (),
    ) -> None:
        self.results, self.callbacks = list(results), list(callbacks)

    def __len__(self) -> int:
        return len(self.results)

    def __repr__(self) -> str:
        return f"<GroupResult of {len(self)}>"

    def __await__(self) -> Generator[Any, None, list[Any]]:
        return self.aget().__await__()

    def get(
        self, timeout: float | timedelta | None = DEFAULT_TIMEOUT_S, *, inside_actor: bool = False
    ) -> list[Any]:
        """Return the members' values in order; raises as soon as a member is known to have failed.

        `timeout` is for all of them together. It raises what `AsyncResult.get` does, at once where
        a member keeps no results.
        """
        refuse_running_loop("get", "aget")
        self._check(inside_actor)
        return waiting.wait_for(self._values(timeout))

    async def aget(
        self, timeout: float | timedelta | None = DEFAULT_TIMEOUT_S, *, inside_actor: bool = False
    ) -> list[Any]:
        """Async twin of `get`."""
        self._check(inside_actor)
        return await self._values(timeout)

    def ready(self) -> bool:
        """Return whether all members have ended, well or not."""
        return self.completed() == len(self._members())

    async def aready(self) -> bool:
        """Async twin of `ready`."""
        return await self.acompleted() == len(self._members())

    def completed(self) -> int:
        """Return how many members have ended, well or not; those of groups inside count singly.

        Raises:
            ResultsDisabled: A member keeps no results.
            BrokerUnavailable: Redis can't be reached.
        """
        refuse_running_loop("completed", "acompleted")
        return waiting.wait_for(self.acompleted())

    async def acompleted(self) -> int:
        """Async twin of `completed`."""
        return sum(await _all_of([member.aready() for member in self._members()]))

    def revoke(self) -> list[Any]:
        """Cancel all members, and with them the callbacks; return what was said of each."""
        return [result.revoke() for result in self.results]

    async def arevoke(self) -> list[Any]:
        """Async twin of `revoke`."""
        return await _all_of([result.arevoke() for result in self.results])

    def _members(self) -> list[AsyncResult[Any]]:
        members: list[AsyncResult[Any]] = []
        for result in self.results:
            members += result._members() if isinstance(result, GroupResult) else [result]
        return members

    def _check(self, inside_actor: bool) -> None:
        for member in self._members():
            member._check(inside_actor)

    async def _values(self, timeout: float | timedelta | None) -> list[Any]:
        return await _all_of([r.aget(timeout, inside_actor=True) for r in self.results])


class group(Composition[GroupResult]):
    """Messages, chains or groups that run side by side.

        group([add.message(i, i) for i in range(10)], then=tell.message("all done")).delay()

    `then`, a message or chain or several of them, is sent once, when the last member has ended
    well; as Dramatiq's callbacks, with its own arguments only. Where a member fails for good, is
    revoked or expires, it never runs, and its handle says so. A message is a pattern: each
    `delay()` sends copies with ids of their own.

    Raises:
        TypeError: An element is no message, chain, group or Dramatiq pipeline; or a group with
            callbacks has a group in it.
    """

    def __init__(
        self,
        members: Iterable[Message[Any] | chain | group | pipeline],
        *,
        then: Message[Any] | chain | Iterable[Message[Any] | chain] = (),
    ) -> None:
        self._members = [_member(each) for each in _several(members, "group")]
        self._callbacks: list[chain] = []
        for callback in [then] if isinstance(then, Message | chain) else then:
            self.add_completion_callback(callback)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        return f"group([{', '.join(map(repr, self._members))}])"

    def add_completion_callback(self, message: Message[Any] | chain) -> None:
        """Add a message to send when all members have ended well: Dramatiq's name for `then`."""
        if any(isinstance(member, group) for member in self._members):
            raise TypeError(
                "group: one with callbacks can't have groups in it, as in Dramatiq. Put their "
                "messages into it directly."
            )
        self._callbacks.append(chain(message))

    def _copy(self, options: dict[str, Any]) -> Copies[GroupResult]:
        callbacks = [callback._copy({}) for callback in self._callbacks]
        followers = [message for each in callbacks for message in each.messages]
        if followers:
            options = {
                "group_gate": f"{len(self)},{envelopes.new_id()}",
                "group_completion_callbacks": [message.asdict() for message in followers],
            }
        members = [member._copy(options) for member in self._members]

        def handle(is_committed: Committed) -> GroupResult:
            results = [member.handle(is_committed) for member in members]
            return GroupResult(results, [each.handle(is_committed) for each in callbacks])

        messages = [message for each in members for message in each.messages]
        return Copies(messages if members else followers, handle)


def _several(members: Any, owner: str) -> Iterable[Any]:
    if isinstance(members, Message | Composition | pipeline):
        raise TypeError(f"{owner}: expected a list of messages, got one; write {owner}([...]).")
    return members  # type: ignore[no-any-return]


def _member(value: Any) -> chain | group:
    if isinstance(value, chain | group):
        return value
    return chain(value if isinstance(value, pipeline) else checked(value, "group"))


async def _all_of[T](coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Return what all return, in order; the first error ends the others."""
    tasks = [asyncio.ensure_future(each) for each in coroutines]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
