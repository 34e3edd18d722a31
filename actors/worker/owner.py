"""What the worker's side knows of the broker that it serves."""

from __future__ import annotations

from typing import Any, Protocol

from dramatiq.broker import MessageProxy

from actors.worker.shop import Shop


class Owner(Protocol):
    """The broker, as its consumers and hooks use it."""

    namespace: str
    broker_id: str
    shop: Shop | None

    def open_shop(self, threads: int) -> Shop:
        """Open the shop of a worker with so many threads."""

    def close_shop(self) -> None:
        """Close it."""

    def result_options(self, message: MessageProxy) -> tuple[int, bool]:
        """Return the ms that a record stays, and whether the result is kept."""

    def emit_before(self, signal: str, *args: Any) -> None:
        """Run the hooks before something."""

    def emit_after(self, signal: str, *args: Any) -> None:
        """Run the hooks after something."""
