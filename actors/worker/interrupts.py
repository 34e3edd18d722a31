"""Withdraws a message that a worker holds: it does not start, or its thread is interrupted."""

from __future__ import annotations

import ctypes
import threading

from dramatiq.middleware.threading import Interrupt, raise_thread_exception

from actors.worker.deliveries import Delivery


class RevokedWhileRunning(Interrupt):
    """Raised between two steps of Python code; a call into the system is not interrupted."""


def interrupt(deliveries: list[Delivery], message_id: str, number: str) -> None:
    """Keep a revoked message from starting, or raise in the thread that runs it; once."""
    for delivery in deliveries:
        if (delivery.held_id, delivery.number) != (message_id, number) or delivery.is_revoked:
            continue
        delivery.is_revoked = True
        if delivery.thread_id:
            raise_thread_exception(delivery.thread_id, RevokedWhileRunning)
        elif not delivery.started:
            delivery.withdrawn = "revoked"


def call_off() -> None:
    """Drop an interruption of this thread that came too late, so that it does not meet the next."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(threading.get_ident()), None)
