"""`@actor`: how actors are declared, with the types of their functions kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast, overload

import dramatiq

from actors.facade import Actor


class ActorDecorator(Protocol):
    """What `@actor(...)` with options returns."""

    @overload
    def __call__[**P, R](self, fn: Callable[P, Awaitable[R]], /) -> Actor[P, R]: ...
    @overload
    def __call__[**P, R](self, fn: Callable[P, R], /) -> Actor[P, R]: ...


@overload
def actor[**P, R](fn: Callable[P, Awaitable[R]], /) -> Actor[P, R]: ...
@overload
def actor[**P, R](fn: Callable[P, R], /) -> Actor[P, R]: ...
@overload
def actor(
    *, actor_name: str | None = None, queue_name: str = "default", **options: Any
) -> ActorDecorator: ...
def actor(fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Declare an actor, bare or with the options of Dramatiq and its middleware.

    @actor(queue_name="mail", max_retries=3, store_results=False)
    def greet(name: str) -> None: ...
    """
    decorate = cast(Any, dramatiq.actor)(actor_class=Actor, **options)
    return decorate if fn is None else decorate(fn)
