"""The sweep: sends again the work of rows whose message Redis has lost.

An app registers, in `AppConfig.ready()`, which of its rows wait for a message. What a server
forgot (a crash before its append-only file was on disk, no persistence at all) is found by that:
an unfinished row, and no message that would finish it. `actors.sweeper.Sweep` runs rounds of it in
the workers, one process at a time; `manage.py retry --stale` calls `sweep_once`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from dramatiq import Message

from actors import conf, in_process, outbox
from actors.errors import BrokerUnavailable
from actors.living import living

logger = logging.getLogger(__name__)

#: Rows looked at in one step.
PAGE = 500
#: Rows sent again in one transaction: others wait for it where a database has one writer.
SENT_AT_ONCE = 100


class Swept(NamedTuple):
    """What came of looking: rows seen, those without a message, those sent again.

    `error`: why looking stopped, in words; empty where it did not.
    """

    name: str
    seen: int = 0
    lost: int = 0
    sent: int = 0
    error: str = ""


@dataclass(frozen=True)
class Watch:
    """Rows of one kind that wait for a message; see `register`."""

    name: str
    rows: Callable[[datetime], QuerySet[Any]]
    message: Callable[[Any], Message[Any]]
    id_field: str
    order_by: str


class Seen(NamedTuple):
    """A row as it was read: its place in the order, its key, the id of its message."""

    place: Any
    pk: Any
    message_id: Any


_watches: dict[str, Watch] = {}


def register[M: Model](
    name: str,
    *,
    rows: Callable[[datetime], QuerySet[M]],
    message: Callable[[M], Message[Any]],
    id_field: str = "task_id",
    order_by: str = "created_at",
) -> None:
    """Have the sweep look after rows; under a known name, in place of what was registered.

    `rows` returns those that have waited since before a time and are not finished. `message` makes
    the one that finishes a row. `id_field` names the field that holds the id of a row's message, a
    `UUIDField` or `CharField`, null where there is none: set it wherever you send. `order_by` names
    one that is never null in these rows; best with an index.

        sweeping.register(
            "images",
            rows=lambda before: Asset.objects.filter(state="developing", created_at__lt=before),
            message=lambda asset: make_renditions.message(str(asset.pk)),
        )

    A row whose message has ended and which is still among `rows` is taken for lost, and sent again
    each round: the actor has to finish it, or its app where the message failed or was revoked.
    """
    _watches[name] = Watch(name, rows, message, id_field, order_by)


def watched() -> list[str]:
    """Return the names that were registered."""
    return list(_watches)


def sweep_once(*, older_than: timedelta | None = None, dry_run: bool = False) -> list[Swept]:
    """Send again whatever waits longer than `older_than` without a living message.

    One account for each registered name; with `dry_run` nothing is sent. `older_than` is
    `ACTORS_SWEEP_AFTER_S` unless told. Safe at any time, beside workers that sweep: a row is sent
    again once, by whoever comes first.

    Raises:
        BrokerUnavailable: Redis can't be reached: nobody knows what it holds.
    """
    accounts = {name: Swept(name) for name in _watches}
    for step in steps(older_than=older_than, dry_run=dry_run):
        was = accounts[step.name]
        sums = (was.seen + step.seen, was.lost + step.lost, was.sent + step.sent)
        accounts[step.name] = Swept(step.name, *sums, error=step.error)
    return list(accounts.values())


def steps(*, older_than: timedelta | None = None, dry_run: bool = False) -> Iterator[Swept]:
    """Do what `sweep_once` does, and tell after each step of at most `PAGE` rows.

    One kind of rows that can't be looked after does not stop the others.
    """
    if in_process.is_active:
        # Eager, or under test: nothing that was sent is in Redis.
        return
    age = timedelta(seconds=conf.sweep_after_s()) if older_than is None else older_than
    before = timezone.now() - age
    for watch in list(_watches.values()):
        try:
            yield from _steps_of(watch, before, dry_run)
        except BrokerUnavailable:
            raise
        except Exception as error:
            # Whatever an app's own query or message met.
            logger.exception("The sweep could not look after %s.", watch.name)
            yield Swept(watch.name, error=f"{type(error).__name__}: {error}")


def _steps_of(watch: Watch, before: datetime, dry_run: bool) -> Iterator[Swept]:
    last: Seen | None = None
    while page := _page(watch, before, last):
        last = page[-1]
        lost = _lost(page)
        again = () if dry_run else batched(lost, SENT_AT_ONCE)
        sent = sum(_send_again(watch, before, some) for some in again)
        yield Swept(watch.name, len(page), len(lost), sent)


def _page(watch: Watch, before: datetime, last: Seen | None) -> list[Seen]:
    rows, by = watch.rows(before).order_by(watch.order_by, "pk"), watch.order_by
    if last is not None:
        later = Q(**{f"{by}__gt": last.place}) | Q(**{by: last.place, "pk__gt": last.pk})
        # The first says the same once more, in the form that an index serves.
        rows = rows.filter(later, **{f"{by}__gte": last.place})
    return [Seen(*each) for each in rows.values_list(by, "pk", watch.id_field)[:PAGE]]


def _lost(page: Sequence[Seen]) -> list[Seen]:
    alive = living([str(seen.message_id) for seen in page if seen.message_id is not None])
    return [seen for seen in page if str(seen.message_id) not in alive]


def _send_again(watch: Watch, before: datetime, lost: Sequence[Seen]) -> int:
    """Store new messages for those rows that are as they were seen, with the ids of these."""
    was = {seen.pk: seen.message_id for seen in lost}
    model = watch.rows(before).model
    with transaction.atomic():
        # A row that somebody else works on is not lost. One that is locked is now read as it is.
        locked = model._base_manager.filter(pk__in=was).select_for_update(skip_locked=True)
        mine = list(locked.values_list("pk", flat=True))
        found = watch.rows(before).filter(pk__in=mine)
        sent: list[outbox.Postponed] = []
        for row in found:
            message = watch.message(row)
            as_seen = model._base_manager.filter(pk=row.pk, **{watch.id_field: was[row.pk]})
            if as_seen.update(**{watch.id_field: message.message_id}):
                sent.append((message, None))
        outbox.store_many(sent)
    return len(sent)
