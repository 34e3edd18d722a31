"""Dead letters page by page, by the key of the last one: never by counting, never all at once.

What an index answers is read from it. For other filters a page looks through so many rows and no
more, shows what it found, and says where to look further: a page is quick at a million rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched
from operator import itemgetter

from django.db.models import Q, QuerySet
from django.utils import timezone

from actors.dead_letters.selection import HEAVY, Selection
from actors.models import DeadLetter

#: Rows of a page, and rows that one looks through where no index answers.
SIZE = 50
WINDOW = 2_000

#: A place in a list: when that letter failed, and its id.
type Place = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Page:
    """`older`: where the next begins, None at the end. `looked_at`: 0, or rows looked through."""

    letters: list[DeadLetter]
    older: Place | None = None
    looked_at: int = 0


def page(selection: Selection, before: Place | None = None, *, size: int = SIZE) -> Page:
    """Return letters that failed before a place, the latest first."""
    if before is not None and selection.until is not None:
        # One bound each way: of two, a planner may take the wider for its index.
        if before[0] <= selection.until:
            selection = replace(selection, until=None)
        else:
            before = None
    columns = selection.columns()
    if selection.ids or (len(columns) <= 1 and not selection.searched()):
        return _cut(_latest(selection.letters(), before), size)
    column, end = _window(selection, columns, before)
    # As a list of ids, which no planner can trade for a look at all rows.
    near = _latest(_narrowed(selection, column), before).values("pk")[:WINDOW]
    rest = [each for each in columns if each != column]
    conditions = selection.equal(*rest) & selection.searched()
    seen = DeadLetter.objects.filter(conditions, pk__in=near).defer(*HEAVY)
    found = _cut(_latest(seen, None), size)
    if found.older is None and end is not None:
        return replace(found, older=end, looked_at=WINDOW)
    return found


def batches(selection: Selection, *, size: int, limit: int | None) -> Iterator[list[str]]:
    """Give the ids of letters, the oldest first, some at a time; none that fails from now on."""
    ids = _ids(replace(selection, until=selection.until or timezone.now()), size)
    left = limit
    for some in ids:
        yield some if left is None else some[:left]
        if left is not None and (left := left - len(some)) <= 0:
            return


def _ids(selection: Selection, size: int) -> Iterator[list[str]]:
    if selection.ids:
        for some in batched(selection.ids, size):
            chosen = replace(selection, ids=some).letters().order_by("failed_at", "id")
            if found := list(chosen.values_list("pk", flat=True)):
                yield found
        return
    after: Place | None = None
    letters = selection.letters().order_by("failed_at", "id").values_list("failed_at", "pk")
    while places := list((letters.filter(_after(after)) if after else letters)[:size]):
        yield [pk for _, pk in places]
        after = places[-1]


def _window(
    selection: Selection, columns: list[str], before: Place | None
) -> tuple[str | None, Place | None]:
    """Return the column whose index leads, and the last place to look at; None: to the end."""
    ends: dict[str | None, Place] = {}
    asked: list[str | None] = [*columns] or [None]
    for column in asked:
        places = _latest(_narrowed(selection, column), before).values_list("failed_at", "pk")
        end = next(iter(places[WINDOW - 1 : WINDOW]), None)
        if end is None:
            return column, None
        ends[column] = end
    # All are long: the one that reaches back furthest has the fewest.
    column, end = min(ends.items(), key=itemgetter(1))
    return column, end


def _narrowed(selection: Selection, column: str | None) -> QuerySet[DeadLetter]:
    return selection.frame().filter(selection.equal(column) if column else Q())


def _latest(letters: QuerySet[DeadLetter], before: Place | None) -> QuerySet[DeadLetter]:
    ordered = letters.order_by("-failed_at", "-id")
    return ordered.filter(_before(before)) if before else ordered


def _cut(letters: QuerySet[DeadLetter], size: int) -> Page:
    found = list(letters[: size + 1])
    if len(found) <= size:
        return Page(found)
    last = found[size - 1]
    return Page(found[:size], (last.failed_at, last.pk))


# The first part of each is what an index needs; the second divides those of one moment.
def _before(place: Place) -> Q:
    at, pk = place
    return Q(failed_at__lte=at) & (Q(failed_at__lt=at) | Q(pk__lt=pk))


def _after(place: Place) -> Q:
    at, pk = place
    return Q(failed_at__gte=at) & (Q(failed_at__gt=at) | Q(pk__gt=pk))
