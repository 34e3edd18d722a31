"""Withdraws a message that a worker holds: it does not start, or its thread is interrupted."""

from __future__ import annotations

from dramatiq.middleware.threading import Interrupt, raise_thread_exception

from actors.worker.deliveries import Delivery


class RevokedWhileRunning(Interrupt):
    """Raised between two steps of Python code; a call into the system is not interrupted."""


def interrupt(deliveries: list[Delivery], message_id: str) -> None:
    """Keep a revoked message from starting, or raise in the thread that runs it."""
    for delivery in deliveries:
        if delivery.message_id != message_id:
            continue
        if delivery.thread_id:
            raise_thread_exception(delivery.thread_id, RevokedWhileRunning)
        elif not delivery.started:
            delivery.withdrawn = "revoked"
