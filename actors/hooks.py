"""Which middleware has something to do at which signal: the others are not called.

Dramatiq calls every middleware at every signal, two dozen calls a message that do nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dramatiq.middleware import Middleware

type Hook = tuple[Middleware, Callable[..., Any]]


class Hooks:
    """The hooks of a broker's middleware, by name; made anew when the list has changed."""

    def __init__(self) -> None:
        self._known: list[Middleware] = []
        self._by_name: dict[str, list[Hook]] = {}

    def named(self, middleware: list[Middleware], name: str) -> list[Hook]:
        """Return each middleware that overrides a hook, in the order of the list, and its hook."""
        if self._known != middleware:
            self._known, self._by_name = list(middleware), {}
        found = self._by_name.get(name)
        if found is None:
            found = self._by_name[name] = list(self._look(name))
        return found

    def _look(self, name: str) -> Iterator[Hook]:
        idle = getattr(Middleware, name, None)
        for middleware in self._known:
            hook = getattr(middleware, name)
            if idle is None or getattr(hook, "__func__", None) is not idle:
                yield middleware, hook
