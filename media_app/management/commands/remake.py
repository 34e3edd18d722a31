"""`manage.py remake`: has pictures made again whose recipes have changed."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from actors.management.letters import Progress, moment, stoppable
from media_app import importing
from media_app.developing import presets


class Command(BaseCommand):
    """Sends the work. What has been sent is not sent again: a second run goes on."""

    help = "Make renditions again after IMAGE_PRESETS or an encoder setting changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what to look at."""
        parser.add_argument("--preset", metavar="NAME", help="only where a file of this one lacks")
        parser.add_argument(
            "--since", type=moment, help="only uploads of the last 30s, 20m, 2h, 7d; or an ISO time"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at each picture, and sum up."""
        preset, since = options["preset"], options["since"]
        known = [each.name for each in presets()]
        if preset and preset not in known:
            raise CommandError(f"There is no preset {preset!r}; expected {', '.join(known)}.")
        progress = Progress(self.stdout, importing.to_look_at(since).count())
        seen = sent = 0
        with stoppable() as stop:
            for is_sent in importing.remake(since, preset):
                seen, sent = seen + 1, sent + is_sent
                progress.tell(seen, "looked at")
                if stop.is_set():
                    break
        progress.end()
        told = f"{seen} looked at, {sent} to be made again."
        if stop.is_set():
            raise CommandError(f"Stopped: {told} Run it again to go on.", returncode=130)
        self.stdout.write(f"Done: {told}" + (" The workers are at it." if sent else ""))
