"""The options of a send: when it runs, until when, before which others. Knows no actor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

#: Characters of a message's id.
MOST_ID_CHARACTERS = 200


class SendOptions(TypedDict, total=False):
    """What `apply_async` and `aapply_async` take besides the arguments; each may be left out.

    - `countdown`: seconds or a `timedelta` from now; or `eta`: an aware `datetime`
    - `expires`: likewise; a message that no worker has come to before never runs
    - `priority`: -100 to 100, higher first; orders what waits
    - `queue`: another than the actor's
    - `message_id`: an id of your own, such as a UUID: up to 200 characters, without spaces. One id
      is one message: a second send of it is dropped while the first is on its way; sent with a
      commit, for a day
    - `on_commit`: False sends at once, also inside `atomic()`
    """

    countdown: float | timedelta | None
    eta: datetime | None
    expires: float | timedelta | datetime | None
    priority: int
    queue: str | None
    message_id: str | None
    on_commit: bool


def due_at_of(options: SendOptions) -> datetime | None:
    """Return when the message should run; None: at once.

    Raises:
        ValueError: `countdown` and `eta` are both given, or `eta` has no time zone.
    """
    countdown, eta = options.get("countdown"), options.get("eta")
    if countdown is not None and eta is not None:
        raise ValueError("countdown and eta both say when to run; give one of them.")
    return _moment("eta", eta if countdown is None else countdown)


def told_to_workers(options: SendOptions) -> dict[str, Any]:
    """Return what a message takes along, with Dramatiq's own option names.

    Raises:
        TypeError: An option has a name that there is not.
        ValueError: A value is out of range.
    """
    told: dict[str, Any] = {}
    if not options:
        return told
    if unknown := options.keys() - SendOptions.__annotations__.keys():
        known = ", ".join(SendOptions.__annotations__)
        raise TypeError(f"A send has no option {min(unknown)!r}; expected any of {known}.")
    check_message_id(options.get("message_id"))
    priority = options.get("priority", 0)
    if not -100 <= priority <= 100:
        raise ValueError(f"priority is {priority}; expected -100 to 100, higher first.")
    if priority:
        told["priority"] = priority
    expires_at = _moment("expires", options.get("expires"))
    if expires_at is not None:
        told["expires_at"] = int(expires_at.timestamp() * 1000)
    return told


def check_message_id(message_id: object) -> None:
    """Refuse an id that a row, a key or a log line could not hold.

    Raises:
        ValueError: It is not of the form that `SendOptions` says.
    """
    if message_id is None:
        return
    if (
        not isinstance(message_id, str)
        or not 0 < len(message_id) <= MOST_ID_CHARACTERS
        or not message_id.isprintable()
        or " " in message_id
    ):
        raise ValueError(
            f"message_id is {message_id!r:.250}; expected text of 1 to {MOST_ID_CHARACTERS} "
            "printable characters, without spaces."
        )


def _moment(name: str, when: float | timedelta | datetime | None) -> datetime | None:
    if when is None:
        return None
    if isinstance(when, datetime):
        if when.tzinfo is None:
            text = f"{name} is {when.isoformat()}, without a time zone; give an aware datetime."
            raise ValueError(text)
        return when
    wait = when if isinstance(when, timedelta) else timedelta(seconds=when)
    return datetime.now(UTC) + wait
