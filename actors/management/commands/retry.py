"""`manage.py retry`: lists what failed for good, and sends it again."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet
from django.utils import timezone

from actors import dead_letters
from actors.models import DeadLetter

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
FILTERS = ("actor", "queue", "since", "error", "id")


class Command(BaseCommand):
    """Requeues dead letters, chosen by filters. Exit status 1 where any could not be sent."""

    help = (
        "Send again what failed for good. Without a filter, lists what there is and asks for one; "
        "--all takes everything."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the filters."""
        parser.add_argument("--actor", help="only messages of this actor")
        parser.add_argument("--queue", help="only messages of this queue")
        parser.add_argument(
            "--since", type=age, help="only what failed in the last 30s, 20m, 2h, 7d"
        )
        parser.add_argument(
            "--error", metavar="TEXT", help="only errors whose type or text holds this"
        )
        parser.add_argument("--id", type=message_id, help="only the message with this id")
        parser.add_argument("--all", action="store_true", help="everything that failed")
        parser.add_argument("--limit", type=positive, help="at most so many, the oldest first")
        parser.add_argument("--dry-run", action="store_true", help="only show what would be sent")

    def handle(self, *args: Any, **options: Any) -> None:
        """List what is meant, send it, sum up."""
        dead = DeadLetter.objects.filter(state=DeadLetter.State.DEAD).defer("payload", "traceback")
        if not options["all"] and all(options[name] is None for name in FILTERS):
            self._list(dead, options["limit"])
            raise CommandError(
                "Say what to send again: --actor, --queue, --since, --error, --id or --all.",
                returncode=2,
            )
        chosen = _chosen(dead, options)[: options["limit"]]
        ids = list(chosen.values_list("pk", flat=True))
        if not ids:
            self.stdout.write("Nothing that failed matches.")
        elif options["dry_run"]:
            self._show(chosen.iterator())
            self.stdout.write(f"Dry run: {len(ids)} would be sent again, nothing was.")
        else:
            self._send(ids)

    def _list(self, dead: QuerySet[DeadLetter], limit: int | None) -> None:
        total = dead.count()
        self._show(list(dead.order_by("-failed_at")[: limit or 20]))
        self.stdout.write(f"{total} failed in all." if total else "Nothing has failed.")

    def _show(self, letters: Iterable[DeadLetter]) -> None:
        for letter in letters:
            error = " ".join(letter.error.split())[:100]
            self.stdout.write(
                f"{letter.failed_at:%Y-%m-%d %H:%M:%S}  {letter.id}  {letter.actor_name}"
                f"  {letter.error_type}: {error}"
            )

    def _send(self, ids: list[UUID]) -> None:
        self.stdout.write(f"Sending {len(ids)} again.")
        outcomes: Counter[str] = Counter()
        try:
            for number, letter_id in enumerate(ids, start=1):
                outcome, words = _requeue(letter_id)
                outcomes[outcome] += 1
                self.stdout.write(f"[{number}/{len(ids)}] {letter_id} {words}")
        except KeyboardInterrupt:
            raise CommandError(
                f"Stopped: {outcomes['sent']} sent, the rest is as it was.", returncode=130
            ) from None
        self.stdout.write(
            f"Done: {outcomes['sent']} sent again, {outcomes['failed']} failed, "
            f"{outcomes['skipped']} skipped."
        )
        if outcomes["failed"]:
            raise CommandError(f"{outcomes['failed']} could not be sent; they are still listed.")


def _requeue(letter_id: UUID) -> tuple[str, str]:
    """Return how it went, for the account, and in words."""
    letter = DeadLetter.objects.filter(pk=letter_id).first()
    try:
        stored = dead_letters.requeue(letter) if letter else None
    except Exception as error:
        # A command's loop: one letter that can't be sent must not stop the others.
        return "failed", f"not sent ({type(error).__name__}: {error})"
    if letter is None or stored is None:
        return "skipped", "skipped: somebody else has sent it"
    name = letter.actor_name
    return "sent", f"{name}: " + ("sent" if stored.is_sent else "stored, it leaves with Redis back")


def age(text: str) -> timedelta:
    """Return the duration that `2h` or `30m` says."""
    if not (found := re.fullmatch(r"(\d+)([smhd])", text)):
        raise ArgumentTypeError(f"{text!r} is no age; expected a number and s, m, h or d: 2h")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def message_id(text: str) -> UUID:
    """Return the id."""
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no message id; expected a UUID") from None


def positive(text: str) -> int:
    """Return a whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no limit; expected a whole number above 0")
    return int(text)


def _chosen(dead: QuerySet[DeadLetter], options: dict[str, Any]) -> QuerySet[DeadLetter]:
    if options["actor"]:
        dead = dead.filter(actor_name=options["actor"])
    if options["queue"]:
        dead = dead.filter(queue_name=options["queue"])
    if options["id"]:
        dead = dead.filter(pk=options["id"])
    if options["since"]:
        dead = dead.filter(failed_at__gte=timezone.now() - options["since"])
    if text := options["error"]:
        dead = dead.filter(Q(error__icontains=text) | Q(error_type__icontains=text))
    return dead.order_by("failed_at")
