"""The actors of mails."""

from __future__ import annotations

from actors import actor
from media_app import notices
from media_app.exceptions import PermanentFailure

#: Milliseconds between two tries of a mail that the server can't take now: from, to.
BACKOFF_MS = (60_000, 6 * 3_600_000)


@actor(
    queue_name="mail",
    max_retries=6,
    min_backoff=BACKOFF_MS[0],
    max_backoff=BACKOFF_MS[1],
    time_limit=60_000,
    throws=PermanentFailure,
)
def send_welcome_email(notice_id: int) -> bool:
    """Send the welcome mail of a new user; return whether it left now."""
    return notices.send(notice_id)


@actor(
    queue_name="mail",
    max_retries=6,
    min_backoff=BACKOFF_MS[0],
    max_backoff=BACKOFF_MS[1],
    time_limit=60_000,
    throws=PermanentFailure,
)
def send_password_reset_email(notice_id: int) -> bool:
    """Send the mail with the link to a new password; return whether it left now."""
    return notices.send(notice_id)
