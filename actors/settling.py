"""What a message's end means to who asks for its result: the exception to raise, or none."""

from __future__ import annotations

from typing import Any

from actors import in_process
from actors.errors import ResultFailure, ResultMissing, ResultsDisabled, Revoked
from actors.failures import exception_of
from actors.records import Ended


def error_of(record: Ended, result_id: str, actor_name: str | None) -> BaseException | None:
    """Return what `get` raises of a message that ended so; None where it returns the result."""
    name = actor_name or record.actor
    if not record.kept and record.state not in ("revoked", "expired"):
        return ResultsDisabled(result_id=result_id, actor_name=name)
    if record.state == "succeeded":
        return None
    if (raised := in_process.raised_by(result_id)) is not None:
        return raised
    if record.state == "revoked":
        return Revoked(result_id=result_id, actor_name=name)
    if record.state == "expired":
        text = "it expired before a worker came to it, and never ran."
        return ResultMissing(text, result_id=result_id, actor_name=name)
    return _failure_of(record.error or {}, result_id, name)


def _failure_of(failure: dict[str, Any], result_id: str, actor_name: str) -> Exception:
    return exception_of(failure) or ResultFailure(
        result_id=result_id,
        actor_name=actor_name,
        error_type=str(failure.get("type")),
        error=str(failure.get("msg")),
        traceback=str(failure.get("traceback", "")),
    )
