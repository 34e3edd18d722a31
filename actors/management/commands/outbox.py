"""`manage.py outbox`: shows what is committed and not yet sent, and sends it."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, Max, Min
from django.utils import timezone

from actors import outbox
from actors.errors import BrokerUnavailable
from actors.models import OutboxMessage

#: Messages sent between two lines of progress.
STEP = 500
#: Rows of those that can't be sent that are listed.
MOST_LISTED = 20
#: Seconds between two looks while a worker's relay is at it.
PAUSE_S = 0.5


class Command(BaseCommand):
    """Shows the outbox; exit status 1 where `--flush` could not send all of it."""

    help = (
        "Show the messages that are committed and not yet in Redis. Workers send them by "
        "themselves; --flush does it now."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--flush", action="store_true", help="send all of it now, also what was put aside"
        )

        parser.add_argument(
            "--drop", metavar="ID", help="give up the message with this id, which was put aside"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Show what there is, or send it."""
        if options["drop"]:
            self._drop(options["drop"])
        elif options["flush"]:
            self._flush()
        else:
            self._show_waiting()
            self._show_put_aside()

    def _drop(self, message_id: str) -> None:
        """Only what was put aside: anything else leaves by itself, and is revoked instead."""
        aside = OutboxMessage.objects.exclude(problem="").filter(message_id=message_id)
        if not aside.delete()[0]:
            raise CommandError(
                f"No message {message_id} was put aside. `manage.py outbox` lists those that were."
            )
        self.stdout.write(f"Dropped: {message_id} will never be sent.")

    def _show_waiting(self) -> None:
        waiting, now = OutboxMessage.objects.filter(problem=""), timezone.now()
        groups = list(
            waiting.order_by()
            .values("queue_name", "actor_name")
            .annotate(count=Count("pk"), oldest=Min("created_at"))
            .order_by("queue_name", "actor_name")
        )
        if not groups:
            self.stdout.write("No message waits.")
            return
        total, oldest = sum(each["count"] for each in groups), min(g["oldest"] for g in groups)
        self.stdout.write(f"{_messages(total)} to be sent, the oldest for {_age(oldest, now)}:")
        for each in groups:
            self.stdout.write(
                f"  {each['count']:>7}  {each['queue_name']}  {each['actor_name']}"
                f"  (oldest {_age(each['oldest'], now)})"
            )
        claimed = waiting.filter(claimed_until__gte=now)
        held = claimed.aggregate(count=Count("pk"), until=Max("claimed_until"))
        if held["count"]:
            seconds = (held["until"] - now).total_seconds()
            self.stdout.write(f"A relay is sending {held['count']}; others may in {seconds:.0f} s.")

    def _show_put_aside(self) -> None:
        aside = OutboxMessage.objects.exclude(problem="").defer("payload")
        if not (count := aside.count()):
            return
        self.stdout.write(f"{_messages(count)} put aside, which can't be sent:")
        for row in aside.order_by("created_at")[:MOST_LISTED]:
            problem = " ".join(row.problem.split())[:200]
            self.stdout.write(f"  {row.created_at:%Y-%m-%d %H:%M:%S}  {row}: {problem}")
        if count > MOST_LISTED:
            self.stdout.write(f"  and {count - MOST_LISTED} more")

    def _flush(self) -> None:
        OutboxMessage.objects.exclude(problem="").update(problem="")
        before = timezone.now()
        total = _left(before)
        self.stdout.write(f"Sending {_messages(total)}.")
        sent = 0
        try:
            while left := _left(before):
                some = outbox.relay(limit=STEP, grace=timedelta(0))
                sent += some
                if some:
                    self.stdout.write(f"{sent} sent, {_left(before)} left.")
                elif _left(before) == left:
                    time.sleep(PAUSE_S)
        except BrokerUnavailable as error:
            self._give_up(f"{error} {_messages(_left(before))} stay and leave by themselves.")
        except KeyboardInterrupt:
            raise CommandError(
                f"Stopped: {sent} sent here, {_left(before)} left for the workers.", returncode=130
            ) from None
        if aside := OutboxMessage.objects.exclude(problem="").count():
            self._show_put_aside()
            self._give_up(f"{sent} sent, {_messages(aside)} can't be.")
        others = f", {total - sent} by others" if total > sent else ""
        self.stdout.write(f"Done: {sent} sent{others}. Nothing waits." if total else "Done.")

    def _give_up(self, text: str) -> None:
        raise CommandError(text)


def _left(before: datetime) -> int:
    """Return how many are still to be sent of those that were there."""
    return OutboxMessage.objects.filter(problem="", created_at__lte=before).count()


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _age(since: datetime, now: datetime) -> str:
    return str(timedelta(seconds=int(max((now - since).total_seconds(), 0))))
