"""What the commands about dead letters share: filters, lists, progress, stopping, who it was."""

from __future__ import annotations

import getpass
import re
import signal
import threading
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import FrameType
from typing import Any

from django.core.management.base import OutputWrapper
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from actors.dead_letters import Selection
from actors.models import DeadLetter

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
FILTERS = ("actor", "queue", "since", "until", "error", "cause", "id")
#: Letters shown by a list, unless --limit says otherwise.
SHOWN = 20


def add_filters(parser: ArgumentParser, *, doing: str) -> None:
    """Declare the filters; `doing` says what is done to what they choose."""
    parser.add_argument("--actor", help="only messages of this actor; make_* takes several")
    parser.add_argument("--queue", help="only messages of this queue")
    parser.add_argument("--cause", choices=DeadLetter.Cause.values, help="only of this cause")
    parser.add_argument(
        "--since", type=moment, help="only what failed in the last 30s, 20m, 2h, 7d; or an ISO time"
    )
    parser.add_argument("--until", type=moment, help="only what failed before then, told likewise")
    parser.add_argument("--error", metavar="TEXT", help="only errors whose type or text holds this")
    parser.add_argument("--id", nargs="+", action="extend", help="only the messages with these ids")
    parser.add_argument("--all", action="store_true", help=f"{doing} everything that failed")
    parser.add_argument("--limit", type=positive, help="at most so many, the oldest first")
    parser.add_argument("--dry-run", action="store_true", help="only show what is meant")


def chosen(options: dict[str, Any]) -> Selection | None:
    """Return what the options choose; None where they say neither a filter nor --all."""
    if not options["all"] and all(options[name] is None for name in FILTERS):
        return None
    return Selection(
        actor=options["actor"] or "",
        queue=options["queue"] or "",
        cause=options["cause"] or "",
        error=options["error"] or "",
        since=options["since"],
        until=options["until"],
        ids=tuple(dict.fromkeys(options["id"] or ())),
    )


def lines_of(letters: Iterable[DeadLetter]) -> Iterator[str]:
    """Give a line for each letter."""
    for letter in letters:
        error = " ".join(letter.error.split())[:100]
        yield (
            f"{letter.failed_at:%Y-%m-%d %H:%M:%S}  {letter.id}  {letter.actor_name}"
            f"  {letter.error_type}: {error}"
        )


def count_of(selection: Selection, limit: int | None) -> int | None:
    """Return how many are meant, where that is known at once: a text is searched for as it goes."""
    if selection.error and not selection.ids:
        return None
    count = selection.letters().count()
    return count if limit is None else min(count, limit)


class Progress:
    """One line that is rewritten on a terminal; elsewhere a line every ten seconds."""

    EVERY_S = {True: 0.2, False: 10.0}

    def __init__(self, out: OutputWrapper, total: int | None) -> None:
        self._out, self._total = out, total
        self._is_terminal = out.isatty()
        self._began = self._told = time.monotonic()

    def tell(self, done: int, what: str) -> None:
        """Say how far it is, if it is time to."""
        now = time.monotonic()
        if now - self._told < self.EVERY_S[self._is_terminal]:
            return
        self._told = now
        of = "" if self._total is None else f" of {self._total}"
        rate = done / max(now - self._began, 0.001)
        line = f"{done}{of} {what}, {rate:.0f}/s"
        self._out.write(
            f"\r{line:<60}" if self._is_terminal else line, ending="" if self._is_terminal else "\n"
        )
        self._out.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._is_terminal:
            self._out.write(f"\r{'':<60}\r", ending="")


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C or SIGTERM sets: the step at hand is finished first.

    A second Ctrl-C stops at once, as ever.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def person() -> str:
    """Return who runs the command, as this machine names them."""
    try:
        return f"{getpass.getuser()} (command)"
    except (OSError, KeyError):
        return "(command)"


def moment(text: str) -> datetime:
    """Return the time that `2h` (ago) or an ISO date says."""
    if found := re.fullmatch(r"(\d+)([smhd])", text):
        try:
            return timezone.now() - timedelta(**{UNITS[found[2]]: int(found[1])})
        except OverflowError:
            pass
    try:
        if (at := parse_datetime(text) or parse_datetime(f"{text} 00:00")) is not None:
            return at if timezone.is_aware(at) else timezone.make_aware(at)
    except ValueError:
        pass
    raise ArgumentTypeError(
        f"{text!r} is no time; expected a number and s, m, h or d (2h: two hours ago), or "
        "2026-11-21 or 2026-11-21T18:30"
    )


def positive(text: str) -> int:
    """Return a whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no limit; expected a whole number above 0")
    return int(text)
