"""Discards dead letters: for good, some at a time."""

from __future__ import annotations

from collections.abc import Iterator

from actors.dead_letters.audit import Entry
from actors.dead_letters.pages import batches
from actors.dead_letters.selection import Selection
from actors.models import DeadLetter

#: Letters deleted in one transaction.
MOST_AT_ONCE = 500


def discard_all(selection: Selection, *, by: str, limit: int | None = None) -> Iterator[int]:
    """Delete what a selection means, the oldest first; give how many after each batch.

    Whoever stops asking stops it. One that was sent again in the meantime stays.
    """
    entry = Entry(by, "discard", selection.words())
    try:
        for ids in batches(selection, size=MOST_AT_ONCE, limit=limit):
            with entry.acting():
                meant = DeadLetter.objects.filter(pk__in=ids, state=selection.state)
                kept = list(meant.select_for_update().values_list("pk", flat=True))
                count = DeadLetter.objects.filter(pk__in=kept).delete()[0]
                entry.add(kept)
            yield count
    finally:
        entry.tell()
