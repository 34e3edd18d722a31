"""Lines to the mail server: each stays open for the next mail, and is hung up when none comes.

One for each thread that sends at the same time. Knows no notices.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.mail import mailers
from django.core.mail.backends.base import BaseEmailBackend
from django.core.signals import setting_changed
from django.dispatch import receiver

from media_app.exceptions import MailFailure
from media_app.smtp import Backend

#: Seconds that an open line waits for another mail. Servers hang up after 10 s to 5 min.
IDLE_S = 5.0
#: Seconds that taking leave may take when the process ends.
LEAVE_S = 1.0

_lock = threading.Lock()
_idle: list[tuple[float, BaseEmailBackend]] = []
_timer: threading.Timer | None = None


@contextmanager
def line() -> Iterator[BaseEmailBackend]:
    """Give the default mailer with its connection open, and keep that open for the next mail.

    Raises:
        MailDeferred: The server can't be reached.
    """
    mailer = _take() or mailers["default"]
    mailer.open()
    try:
        yield mailer
    except MailFailure:
        _give_back(mailer)
        raise
    except BaseException:
        # Cut off in the middle of a dialogue: nobody can go on with it.
        _abandon(mailer)
        raise
    _give_back(mailer)


def hang_up() -> None:
    """Close every line that waits; the process ends, or the settings changed."""
    _close_idle_since(time.monotonic(), patience_s=LEAVE_S)


def is_in_doubt(mailer: BaseEmailBackend) -> bool:
    """Whether a mail that was interrupted may have been sent; a foreign mailer can't tell."""
    return mailer.is_in_doubt if isinstance(mailer, Backend) else True


def _take() -> BaseEmailBackend | None:
    with _lock:
        return _idle.pop()[1] if _idle else None


def _give_back(mailer: BaseEmailBackend) -> None:
    global _timer
    with _lock:
        _idle.append((time.monotonic(), mailer))
        if _timer is None:
            _timer = _started_timer()


def _started_timer() -> threading.Timer:
    timer = threading.Timer(IDLE_S, _close_old)
    timer.daemon = True
    timer.start()
    return timer


def _close_old() -> None:
    global _timer
    _close_idle_since(time.monotonic() - IDLE_S)
    with _lock:
        _timer = _started_timer() if _idle else None


def _close_idle_since(moment: float, patience_s: float | None = None) -> None:
    with _lock:
        old = [mailer for since, mailer in _idle if since <= moment]
        _idle[:] = [each for each in _idle if each[0] > moment]
    for mailer in old:
        connection = getattr(mailer, "connection", None)
        if patience_s is not None and connection is not None and connection.sock is not None:
            connection.sock.settimeout(patience_s)
        mailer.close()


def _abandon(mailer: BaseEmailBackend) -> None:
    if isinstance(mailer, Backend):
        mailer.abandon()
    else:
        mailer.close()


@receiver(setting_changed, dispatch_uid="media_app.mailing")
def _follow_settings(*, setting: str, **_: object) -> None:
    if setting == "MAILERS":
        hang_up()


atexit.register(hang_up)
