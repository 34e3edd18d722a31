"""The actors of mails, and of the batches that end in one."""

from __future__ import annotations

from typing import Any

import dramatiq
from django.db import transaction
from dramatiq import Broker, Worker
from dramatiq.errors import Retry
from dramatiq.middleware import Middleware

from actors import actor
from media_app import batches, mailing, notices
from media_app.exceptions import BatchOpen, MailGivenUp, MailWaits, PermanentFailure
from media_app.models import Batch, Notice

#: Retries of a mail's message: those of a mail that was not taken, and as many of other errors.
TRIES = 2 * len(notices.PAUSES_S)


def is_tried_again(retries: int, error: BaseException) -> bool:
    """Say whether a message is retried; how often a mail is, its notice counts."""
    return isinstance(error, Retry) or (retries < TRIES and not isinstance(error, MailGivenUp))


class HangUp(Middleware):
    """Takes leave of the mail server when a worker stops: its processes end without `atexit`.

    Hook: after the worker's shutdown. Stands anywhere.
    """

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Close the lines that are still open."""
        mailing.hang_up()


dramatiq.get_broker().add_middleware(HangUp())

_MAIL: dict[str, Any] = {
    "queue_name": "mail",
    "max_retries": TRIES,
    "retry_when": is_tried_again,
    "min_backoff": 60_000,
    "max_backoff": 6 * 3_600_000,
    "time_limit": 60_000,
    "throws": PermanentFailure,
}


@actor(**_MAIL)
def send_welcome_email(notice_id: int) -> bool:
    """Send the welcome mail of a new user; return whether it left now."""
    return _send(notice_id)


@actor(**_MAIL)
def send_images_ready_email(notice_id: int) -> bool:
    """Send the mail that tells how the pictures of a batch ended; return whether it left now."""
    return _send(notice_id)


@actor(**_MAIL)
def send_password_reset_email(notice_id: int) -> bool:
    """Send the mail with the link to a new password; return whether it left now."""
    return _send(notice_id)


@actor(**_MAIL)
def close_batch(batch_id: int) -> bool:
    """Close a batch when its time has come, and have its mail sent; return whether there is one."""
    try:
        with transaction.atomic():
            if notice := batches.close(batch_id):
                send_soon(notice)
    except BatchOpen as error:
        raise _later(error) from error
    return notice is not None


MAIL_ACTORS = {
    Notice.Kind.WELCOME: send_welcome_email,
    Notice.Kind.IMAGES_READY: send_images_ready_email,
    Notice.Kind.PASSWORD_RESET: send_password_reset_email,
}


def send_soon(notice: Notice) -> None:
    """Have a notice's mail sent when the transaction commits, and note which message does it."""
    sent = MAIL_ACTORS[Notice.Kind(notice.kind)].delay_on_commit(notice.pk)
    Notice.objects.filter(pk=notice.pk).update(task_id=sent.id)


def close_later(batch: Batch, countdown_s: float) -> None:
    """Have a batch closed, by a message that leaves when the transaction commits."""
    sent = close_batch.apply_async((batch.pk,), countdown=countdown_s)
    Batch.objects.filter(pk=batch.pk).update(task_id=sent.id)


def _send(notice_id: int) -> bool:
    try:
        return notices.send(notice_id)
    except MailWaits as error:
        raise _later(error) from error


def _later(error: MailWaits | BatchOpen) -> Retry:
    return Retry(str(error), delay=int(error.retry_in_s * 1000))
