"""`manage.py retry`: lists what failed for good, and sends it again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from actors import sweeping
from actors.dead_letters import (
    Account,
    CannotRequeue,
    Selection,
    WrongArguments,
    edited,
    requeue,
    requeue_all,
)
from actors.errors import BrokerUnavailable
from actors.management.letters import (
    SHOWN,
    Progress,
    add_filters,
    chosen,
    count_of,
    lines_of,
    person,
    stoppable,
)

#: Failures named one by one.
MOST_NAMED = 20


class Command(BaseCommand):
    """Requeues dead letters, chosen by filters. Exit status 1 where any could not be sent."""

    help = (
        "Send again what failed for good. Without a filter, lists what there is and asks for one; "
        "--all takes everything. Ctrl-C stops it; another run goes on with what is left."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the filters."""
        add_filters(parser, doing="send")
        parser.add_argument(
            "--edit-args",
            metavar="JSON",
            help='for exactly one: with other arguments, [4, 5] or {"args": [4], "kwargs": {}}',
        )
        parser.add_argument(
            "--stale",
            action="store_true",
            help="instead: send again what waits for a message that Redis has lost",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """List what is meant, send it, sum up."""
        selection, limit = chosen(options), options["limit"]
        if options["stale"]:
            if selection is not None or limit or options["edit_args"]:
                raise CommandError(
                    "--stale takes no filter: it looks at rows, not at dead letters."
                )
            self._sweep(dry_run=options["dry_run"])
        elif selection is None:
            self._list(Selection(), limit)
            raise CommandError(
                "Say what to send again: --actor, --queue, --cause, --since, --until, --error, "
                "--id or --all.",
                returncode=2,
            )
        elif options["edit_args"] is not None:
            self._edit(selection, options["edit_args"], dry_run=options["dry_run"])
        elif options["dry_run"]:
            self._show(selection, limit)
        else:
            self._send(selection, limit)

    def _list(self, selection: Selection, limit: int | None) -> None:
        for line in lines_of(selection.letters().order_by("-failed_at", "-id")[: limit or SHOWN]):
            self.stdout.write(line)
        total = selection.letters().count()
        self.stdout.write(f"{total} failed in all." if total else "Nothing has failed.")

    def _show(self, selection: Selection, limit: int | None) -> None:
        total = selection.letters().count()
        total = min(total, limit or total)
        for line in lines_of(selection.letters().order_by("failed_at", "id")[: limit or SHOWN]):
            self.stdout.write(line)
        if total > (limit or SHOWN):
            self.stdout.write(f"... and {total - SHOWN} more; --limit shows more of them.")
        self.stdout.write(f"Dry run: {total} would be sent again, nothing was.")

    def _send(self, selection: Selection, limit: int | None) -> None:
        progress = Progress(self.stdout, count_of(selection, limit))
        account, stopped = Account(), ""
        try:
            with stoppable() as stop:
                for some in requeue_all(selection, by=person(), limit=limit):
                    self._name(some.reasons[: max(MOST_NAMED - account.failed, 0)])
                    account.add(some)
                    progress.tell(account.done, "done")
                    if stop.is_set():
                        stopped = "Stopped"
                        break
        except KeyboardInterrupt:
            stopped = "Stopped at once"
        except DatabaseError as error:
            stopped = f"The database went away ({error})"
        progress.end()
        self._sum_up(account, stopped)

    def _name(self, reasons: list[tuple[str, str]]) -> None:
        for letter_id, reason in reasons:
            self.stdout.write(f"{letter_id} not sent: {reason}")

    def _sum_up(self, account: Account, stopped: str) -> None:
        told = f"{account.sent} sent again, {account.failed} failed, {account.skipped} skipped."
        if account.waiting:
            told += f" {account.waiting} of them wait in the outbox and leave with Redis back."
        if stopped:
            raise CommandError(
                f"{stopped}: {told} The rest is as it was; run it again to go on.", returncode=130
            )
        if not account.done:
            self.stdout.write("Nothing that failed matches.")
            return
        self.stdout.write(f"Done: {told}")
        if account.failed:
            raise CommandError(f"{account.failed} could not be sent; they are still listed.")

    def _edit(self, selection: Selection, text: str, *, dry_run: bool) -> None:
        letters = list(selection.letters().defer(None)[:2])
        if len(letters) != 1:
            found = "none matches" if not letters else "there are more"
            raise CommandError(
                f"--edit-args is for exactly one dead letter; {found}. Say its --id."
            )
        try:
            message = edited(letters[0], text)
            told = f"{letters[0].pk}: {message}"
            if dry_run:
                self.stdout.write(f"Dry run: {told} would be sent.")
            elif requeue(letters[0], by=person(), message=message) is None:
                raise CommandError(f"{letters[0].pk}: somebody else has sent it.")
            else:
                self.stdout.write(f"{told}: sent again.")
        except (WrongArguments, CannotRequeue) as error:
            raise CommandError(str(error)) from error

    def _sweep(self, *, dry_run: bool) -> None:
        try:
            accounts = sweeping.sweep_once(dry_run=dry_run)
        except BrokerUnavailable as error:
            raise CommandError(str(error)) from error
        for each in accounts:
            lost = f"{each.lost} without a message, {each.sent} sent again"
            self.stdout.write(f"{each.name}: {each.seen} looked at, {lost}. {each.error}".rstrip())
        if not accounts:
            self.stdout.write("No app has registered anything that can be stale.")
        if any(each.error for each in accounts):
            raise CommandError("Not all could be looked at.")
