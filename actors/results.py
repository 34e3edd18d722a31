"""The backend behind Dramatiq's `Results`: results are part of records, found by id alone."""

from __future__ import annotations

from typing import Any

from dramatiq import Message
from dramatiq.results import ResultBackend
from dramatiq.results.errors import ResultMissing as DramatiqResultMissing
from dramatiq.results.errors import ResultTimeout as DramatiqResultTimeout
from dramatiq.results.result import wrap_exception

from actors import encoding, records, waiting
from actors.failures import failure_of
from actors.worker.deliveries import current_plan


class RedisBackend(ResultBackend):
    """Keeps results in the records of their messages. Built by django-dramatiq."""

    def build_message_key(self, message: Message[Any]) -> str:
        """Return the key of a message's record."""
        return records.ended_key(message.message_id)

    def store_result(self, message: Message[Any], result: Any, ttl: int) -> None:
        """Keep a returned value for `ttl` ms, with the end of its message; no JSON: it failed.

        Raises:
            TypeError: The value has no form in JSON; the message failed, and its record says so.
        """
        plan = current_plan()
        if plan is None:
            records.store(message, "succeeded", ttl, result=result)
            return
        plan.ttl_ms = ttl
        try:
            plan.result = encoding.encode(result)
        except (TypeError, ValueError) as error:
            kind = type(result).__name__
            plan.refused = TypeError(f"{message.actor_name} returned a {kind}: {error}")

    def store_exception(self, message: Message[Any], exception: BaseException, ttl: int) -> None:
        """Keep what an actor raised for `ttl` ms; one that a worker ends has it in its record."""
        if not hasattr(message, "held_id"):
            records.store(message, "failed", ttl, error=dict(failure_of(exception)))

    def get_result(
        self, message: Message[Any], *, block: bool = False, timeout: int | None = None
    ) -> Any:
        """Return a result as Dramatiq's own `Message.get_result` asks for it; milliseconds."""
        timeout_s = (10_000 if timeout is None else timeout) / 1000
        record = waiting.wait_for_end(message.message_id, timeout_s if block else 0.0)
        if record is None:
            raise DramatiqResultTimeout(message) if block else DramatiqResultMissing(message)
        if record.state == "succeeded":
            return record.result
        error = record.error or {"type": record.state, "msg": record.state}
        wrapped = wrap_exception(Exception())
        wrapped["exn"] = error
        return self.unwrap_result(wrapped)
