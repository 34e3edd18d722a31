"""Leases: work that one process of all, on all machines, does at a time.

A lease runs out by itself, so that one whose holder was killed is free again. The time is the
database's own: the machines' clocks may differ.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now


def take(name: str, holder: str, *, seconds: float) -> bool:
    """Take a lease that is free, for so long; return whether it is `holder`'s now.

    One that is held is not free for its holder, either: use `keep`.
    """
    if _rows().filter(name=name, until__gt=Now()).exists():
        return False
    new = {"holder": holder, "until": _in(seconds)}
    if _rows().filter(name=name, until__lte=Now()).update(**new):
        return True
    if _rows().filter(name=name).exists():
        return False
    _rows().bulk_create([_rows().model(name=name, **new)], ignore_conflicts=True)
    return bool(_rows().filter(name=name, holder=holder).exists())


def keep(name: str, holder: str, *, seconds: float) -> bool:
    """Hold a lease for so long from now; False where it has run out and is another's."""
    return bool(_rows().filter(name=name, holder=holder).update(until=_in(seconds)))


def _in(seconds: float) -> ExpressionWrapper[CombinedExpression]:
    return ExpressionWrapper(Now() + timedelta(seconds=seconds), DateTimeField())


def _rows() -> Any:
    # By name: the middleware is built before Django has loaded its models.
    return apps.get_model("actors", "Lease").objects
