"""The suite's part in the site's processes: what no setting shortens."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class FaultsConfig(AppConfig):
    """Lets a mail that was not taken be tried again soon."""

    name = "tests.faults.app"
    label = "faults_app"

    def ready(self) -> None:
        """Shorten the pauses between two tries; as many tries as ever."""
        from actors.emailing import MAIL_ACTORS, close_batch
        from media_app import notices

        pause_s = settings.FAULTS_MAIL_PAUSE_S
        notices.PAUSES_S = tuple(pause_s for _ in notices.PAUSES_S)
        for each in (*MAIL_ACTORS.values(), close_batch):
            each.options["min_backoff"] = int(pause_s * 1000)
