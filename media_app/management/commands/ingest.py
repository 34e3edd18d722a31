"""`manage.py ingest PATH... --user EMAIL`: imports pictures that lie on this machine."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from actors.management.letters import Progress, stoppable
from media_app import importing
from media_app.importing import Outcome
from media_app.models import User


class Command(BaseCommand):
    """Takes files in, each as if it had been uploaded; those that are there are skipped."""

    help = "Import pictures and folders of pictures for a user. A second run goes on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the paths and the user."""
        parser.add_argument(
            "paths", metavar="PATH", nargs="+", type=Path, help="a picture, or a folder of them"
        )
        parser.add_argument("--user", metavar="EMAIL", required=True, help="whose they will be")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and sum up."""
        email = User.objects.normalize_email(options["user"])
        owner = User.objects.filter(email=email, is_active=True).first()
        if owner is None:
            raise CommandError(f"No active user has the address {email}.")
        if missing := [str(path) for path in options["paths"] if not path.exists()]:
            raise CommandError(f"There is no {', '.join(missing)}. Nothing was imported.")
        self._import(list(importing.files_of(options["paths"])), set(options["paths"]), owner)

    def _import(self, files: list[Path], named: set[Path], owner: User) -> None:
        progress, counts = Progress(self.stdout, len(files)), Counter[Outcome]()
        batch, is_stopped = uuid.uuid4(), False
        try:
            with stoppable() as stop:
                for done, path in enumerate(files, start=1):
                    account = importing.take_in(path, owner=owner, batch=batch)
                    # What lies beside pictures in a folder need not be one.
                    if account.outcome is Outcome.NO_PICTURE and path in named:
                        account = importing.Account(Outcome.REFUSED, account.reason)
                    counts[account.outcome] += 1
                    if account.outcome is Outcome.REFUSED:
                        progress.end()
                        self.stdout.write(f"{path}: {account.reason}")
                    progress.tell(done, "files")
                    if is_stopped := stop.is_set() and done < len(files):
                        break
        except KeyboardInterrupt:
            is_stopped = True
        progress.end()
        self._sum_up(counts, is_stopped)

    def _sum_up(self, counts: Counter[Outcome], is_stopped: bool) -> None:
        told = (
            f"{counts[Outcome.TAKEN]} imported, {counts[Outcome.THERE]} were there, "
            f"{counts[Outcome.NO_PICTURE]} no pictures, {counts[Outcome.REFUSED]} refused."
        )
        if is_stopped:
            raise CommandError(
                f"Stopped: {told} Nothing of that is lost; run it again to go on.", returncode=130
            )
        self.stdout.write(f"Done: {told}")
        if counts[Outcome.TAKEN]:
            self.stdout.write("They develop in the workers.")
        if counts[Outcome.REFUSED]:
            raise CommandError(f"{counts[Outcome.REFUSED]} could not be imported; see above.")
