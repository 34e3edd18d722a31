"""What can go wrong between `delay()` and `get()`.

- ActorsError
    - BrokerUnavailable: Redis could not be reached in time; nothing is known to have been sent
    - ResultError
        - ResultTimeout: none came in the time given
        - ResultMissing: there is none to wait for
        - ResultFailure: the actor raised, and its exception's class is not loaded here
        - Revoked: the message was revoked and has no result
        - ResultsDisabled: the actor is declared with `store_results=False`

What an actor raised is re-raised under its own class where that is loaded; see `actors.failures`.
"""

from __future__ import annotations

from dramatiq.errors import BrokerConnectionError


class ActorsError(Exception):
    """Any of these."""


class BrokerUnavailable(ActorsError, BrokerConnectionError):
    """Redis could not be reached, did not answer in time, or refused.

    Also Dramatiq's own connection error: its worker waits and tries again.
    """

    def __init__(self, *, action: str, reason: str, hint: str, is_refused: bool = False) -> None:
        self.action, self.reason, self.hint, self.is_refused = action, reason, hint, is_refused
        said = "refused" if is_refused else "can't be reached"
        super().__init__(f"Redis {said} to {action} ({reason}). {hint}".rstrip())

    def about(self, action: str) -> BrokerUnavailable:
        """Return the same error, of another action that met it."""
        return BrokerUnavailable(
            action=action, reason=self.reason, hint=self.hint, is_refused=self.is_refused
        )


class ResultError(ActorsError):
    """No value came back. `result_id` and, where it is known, `actor_name` say of what."""

    def __init__(self, text: str, *, result_id: str, actor_name: str | None) -> None:
        self.result_id, self.actor_name = result_id, actor_name
        super().__init__(f"{actor_name or 'Message'} {result_id}: {text}")


class ResultTimeout(ResultError, TimeoutError):
    """No result came within the time given; the message may still be waiting or running."""

    def __init__(self, *, result_id: str, actor_name: str | None, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        super().__init__(
            f"expected a result within {timeout_s:g} s, none came. The message may still wait or "
            "run (is a worker up?); ask again by its id.",
            result_id=result_id,
            actor_name=actor_name,
        )


class ResultMissing(ResultError):
    """There is nothing to wait for; the text says why."""


class ResultFailure(ResultError):
    """The actor raised an exception whose class is not loaded in this process."""

    def __init__(
        self,
        *,
        result_id: str,
        actor_name: str | None,
        error_type: str,
        error: str,
        traceback: str,
    ) -> None:
        self.error_type, self.error, self.traceback = error_type, error, traceback
        super().__init__(
            f"raised {error_type}: {error}", result_id=result_id, actor_name=actor_name
        )


class Revoked(ResultError):
    """The message was revoked: it never ran, or was interrupted."""

    def __init__(self, *, result_id: str, actor_name: str | None) -> None:
        super().__init__(
            "was revoked: it has no result, and will not run again.",
            result_id=result_id,
            actor_name=actor_name,
        )


class ResultsDisabled(ResultError):
    """The actor keeps no results."""

    def __init__(self, *, result_id: str, actor_name: str | None) -> None:
        super().__init__(
            "keeps no results: it is declared with store_results=False. Declare it with "
            "store_results=True to ask for its result.",
            result_id=result_id,
            actor_name=actor_name,
        )


class WorkerDied(ActorsError):
    """A message ended so many workers that it is not tried again."""

    def __init__(self, *, message_id: str, actor_name: str, deaths: int) -> None:
        self.message_id, self.actor_name, self.deaths = message_id, actor_name, deaths
        super().__init__(
            f"{actor_name} {message_id}: its worker died {deaths} times while it ran, the last "
            "times with nothing else in hand. Find out what kills it (memory?) before a retry."
        )


class MessageExpired(ActorsError):
    """No worker came to a message before it expired, and so it never ran."""

    def __init__(self, *, message_id: str, actor_name: str, expires_at: str) -> None:
        self.message_id, self.actor_name, self.expires_at = message_id, actor_name, expires_at
        super().__init__(
            f"{actor_name} {message_id}: no worker came to it before it expired at {expires_at}. "
            "Are there enough workers? A requeue runs it without a limit."
        )
