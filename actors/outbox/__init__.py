"""Durable sends: messages stored in the caller's transaction, sent when that has committed.

A row goes when Redis has its message. What is left, because Redis was away or the process died in
between, the relay sends (`actors.middleware.OutboxRelay` runs it in every worker process). A row
may so be sent twice; Redis remembers its key, and drops it the second time (docs/broker.md).
"""

from __future__ import annotations

from actors.outbox.dispatch import delay_ms_until
from actors.outbox.relaying import relay
from actors.outbox.storing import (
    Postponed,
    StoredMessages,
    in_transaction,
    store,
    store_many,
    withdraw,
)

__all__ = [
    "Postponed",
    "StoredMessages",
    "delay_ms_until",
    "in_transaction",
    "relay",
    "store",
    "store_many",
    "withdraw",
]
