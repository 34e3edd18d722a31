"""`manage.py discard`: deletes dead letters that nobody wants to send again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from actors.dead_letters import Selection, discard_all
from actors.management.letters import (
    SHOWN,
    Progress,
    add_filters,
    chosen,
    lines_of,
    person,
    stoppable,
)


class Command(BaseCommand):
    """Deletes what failed for good, chosen by the filters of `retry`."""

    help = (
        "Delete what failed for good; it can't be had back. The filters are those of `retry`. "
        "What is old or too much goes by itself: ACTORS_DEAD_LETTER_DAYS, ACTORS_MOST_DEAD_LETTERS."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the filters."""
        add_filters(parser, doing="delete")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        """Count, ask, delete."""
        selection, limit = chosen(options), options["limit"]
        if selection is None:
            raise CommandError(
                "Say what to delete: --actor, --queue, --cause, --since, --until, --error, --id "
                "or --all.",
                returncode=2,
            )
        total = selection.letters().count()
        total = min(total, limit or total)
        if not total:
            self.stdout.write("Nothing that failed matches.")
        elif options["dry_run"]:
            self._show(selection, min(limit or SHOWN, SHOWN), total)
        elif options["yes"] or self._confirmed(selection, total):
            self._discard(selection, limit, total)
        else:
            raise CommandError("Nothing was deleted.")

    def _show(self, selection: Selection, shown: int, total: int) -> None:
        for line in lines_of(selection.letters().order_by("failed_at", "id")[:shown]):
            self.stdout.write(line)
        self.stdout.write(f"Dry run: {total} would be deleted, nothing was.")

    def _confirmed(self, selection: Selection, total: int) -> bool:
        self.stdout.write(f"This deletes {total} dead letters for good ({selection.words()}).")
        try:
            return input(f"Type {total} to go on: ").strip() == str(total)
        except EOFError:
            raise CommandError("There is nobody to ask; say --yes.") from None

    def _discard(self, selection: Selection, limit: int | None, total: int) -> None:
        progress, done = Progress(self.stdout, total), 0
        with stoppable() as stop:
            for count in discard_all(selection, by=person(), limit=limit):
                done += count
                progress.tell(done, "deleted")
                if stop.is_set():
                    break
        progress.end()
        if stop.is_set():
            raise CommandError(f"Stopped: {done} deleted, the rest is as it was.", returncode=130)
        self.stdout.write(f"Done: {done} deleted.")
