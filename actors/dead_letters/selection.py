"""Which dead letters are meant: the filters that commands, pages and the audit share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from actors.models import DeadLetter

#: What lists do not show, and so do not read: it may be large.
HEAVY = ("payload", "traceback", "tries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Filters; what is empty takes all.

    `actor` is a whole name, or the beginning of names with a `*` at its end. `error` is looked for
    in the error's type and text, without regard to case. `since` and `until` say when it failed.
    """

    state: str = "dead"
    actor: str = ""
    queue: str = ""
    cause: str = ""
    error: str = ""
    since: datetime | None = None
    until: datetime | None = None
    ids: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether nothing but the state is asked for."""
        return self == Selection(state=self.state)

    def letters(self) -> QuerySet[DeadLetter]:
        """Return the rows, in no order, without what is large."""
        return self.frame().filter(self.equal(*self.columns()), self.searched())

    def frame(self) -> QuerySet[DeadLetter]:
        """Return what the state and the times leave: a part of every index."""
        letters = DeadLetter.objects.filter(state=self.state).defer(*HEAVY)
        if self.since is not None:
            letters = letters.filter(failed_at__gte=self.since)
        if self.until is not None:
            letters = letters.filter(failed_at__lte=self.until)
        return letters

    def columns(self) -> list[str]:
        """Return the columns that must have one value, each with an index in the lists' order."""
        return [column for column, value in self._values().items() if value]

    def equal(self, *columns: str) -> Q:
        """Return the condition on these columns."""
        return Q(**{column: self._values()[column] for column in columns})

    def searched(self) -> Q:
        """Return the conditions that no index helps with."""
        condition = Q(pk__in=self.ids) if self.ids else Q()
        if self._is_prefix:
            condition &= Q(actor_name__startswith=self.actor.removesuffix("*"))
        if self.error:
            condition &= Q(error__icontains=self.error) | Q(error_type__icontains=self.error)
        return condition

    def words(self) -> str:
        """Return the filters as a person reads them."""
        moment = "%Y-%m-%d %H:%M:%S"
        named = {"actor": self.actor, "queue": self.queue, "cause": self.cause}
        told = [f"{name} {value}" for name, value in named.items() if value]
        if self.error:
            told.append(f"error with {self.error!r}")
        if self.since:
            told.append(f"failed since {self.since:{moment}}")
        if self.until:
            told.append(f"failed until {self.until:{moment}}")
        if self.ids:
            told.append(f"id {', '.join(self.ids[:5])}" + ", ..." * (len(self.ids) > 5))
        return ("" if self.state == "dead" else "already requeued: ") + (", ".join(told) or "all")

    def _values(self) -> dict[str, str]:
        return {
            "actor_name": "" if self._is_prefix else self.actor,
            "queue_name": self.queue,
            "cause": self.cause,
        }

    @property
    def _is_prefix(self) -> bool:
        return self.actor.endswith("*")
