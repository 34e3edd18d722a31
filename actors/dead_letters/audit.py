"""The audit: one row for each act of a person, which grows with what was done, and a log line."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction

from actors.failures import storable
from actors.models import DeadLetterAction

logger = logging.getLogger(__name__)


class Entry:
    """The row of one act. It is there from the first letter on, and true after every commit."""

    def __init__(self, by: str, action: str, selection: str) -> None:
        # One line each: they go to the log, too.
        who, selected = (" ".join(storable(text).split()) for text in (by or "(code)", selection))
        self._row = DeadLetterAction(who=who[:255], action=action, selection=selected)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Open a transaction; what is added in it counts if and only if it commits."""
        row = self._row
        before = (row.pk, row.count, row.letter_ids)
        try:
            with transaction.atomic():
                yield
        except BaseException:
            row.pk, row.count, row.letter_ids = before
            row._state.adding = row.pk is None
            raise

    def add(self, ids: Sequence[str]) -> None:
        """Count letters, and name the first of them; inside `acting`."""
        if not ids:
            return
        row = self._row
        row.count += len(ids)
        row.letter_ids = [*row.letter_ids, *ids[: row.MOST_IDS - len(row.letter_ids)]]
        row.save()

    def tell(self) -> None:
        """Write the log line."""
        row = self._row
        logger.info("%s: %s, %d dead letters (%s)", row.who, row.action, row.count, row.selection)
