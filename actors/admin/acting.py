"""Sending again and discarding from a page: confirmed first, then done, in batches, for a while."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cached_property

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from actors.admin.filters import Filters
from actors.dead_letters import Account, Selection, discard_all, requeue_all
from actors.failures import storable
from actors.models import DeadLetter

#: Seconds that one request works; what is left then can be gone on with.
PATIENCE_S = 20.0
#: Letters ticked at most: more than a page has.
MOST_TICKED = 500
#: Reasons told of letters that could not be sent.
MOST_REASONS = 5


def acts_of(request: HttpRequest) -> list[str]:
    """Return what this person may do to dead letters."""
    acts = ("requeue", "discard")
    return [act for act in acts if request.user.has_perm(f"actors.{act}_deadletter")]


class Act:
    """What a person wants done: to the ticked letters, or to all that the filters choose.

    What fails after the question was asked is not meant by the answer.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.name = request.POST.get("do", "")
        self.is_all = bool(request.POST.get("all"))
        ticked = (storable(each) for each in request.POST.getlist("id")[:MOST_TICKED])
        self.ids = tuple(dict.fromkeys(ticked))
        self.filters = Filters(request.POST)
        self.is_valid = self.filters.is_valid()
        self.as_of = self.filters.cleaned_data.get("as_of") or timezone.now()

    @property
    def title(self) -> str:
        """What is asked."""
        return "Send again?" if self.name == "requeue" else "Discard?"

    @cached_property
    def selection(self) -> Selection:
        """The letters meant."""
        if not self.is_all:
            state = self.filters.cleaned_data.get("state") or DeadLetter.State.DEAD
            return Selection(state=str(state), ids=self.ids)
        chosen = self.filters.selection()
        return replace(chosen, until=chosen.until or self.as_of)

    @cached_property
    def count(self) -> int:
        """How many there are now."""
        return self.selection.letters().count()

    @cached_property
    def first(self) -> list[DeadLetter]:
        """Some of them, to recognise."""
        return list(self.selection.letters().order_by("failed_at", "id")[:5])

    def answer(self) -> HttpResponse | None:
        """Do it, if it is confirmed; None where a question is to be asked (again)."""
        if not self.is_valid:
            # Without one of its filters it would mean more than the person saw.
            messages.error(self._request, "Nothing was done: a filter can't be read.")
            return self._back()
        if not self.is_all and not self.ids:
            messages.warning(self._request, "Nothing was ticked.")
            return self._back()
        if "confirmed" not in self._request.POST:
            return None
        is_over = self._requeue() if self.name == "requeue" else self._discard()
        return self._back() if is_over else None

    def _requeue(self) -> bool:
        account, deadline = Account(), time.monotonic() + PATIENCE_S
        is_over = True
        for some in requeue_all(self.selection, by=self._request.user.get_username()):
            account.add(some)
            if time.monotonic() > deadline:
                is_over = False
                break
        self._tell_sent(account, is_over)
        return is_over

    def _tell_sent(self, account: Account, is_over: bool) -> None:
        told = f"{account.sent} sent again, {account.failed} failed, {account.skipped} skipped."
        if account.waiting:
            told += f" {account.waiting} of them wait in the outbox and leave with Redis back."
        if not is_over:
            told += " That took a while, and there are more: go on?"
        level = messages.WARNING if account.failed or not is_over else messages.SUCCESS
        messages.add_message(self._request, level, told)
        for letter_id, reason in account.reasons[:MOST_REASONS]:
            messages.warning(self._request, f"{letter_id} was not sent: {reason}")

    def _discard(self) -> bool:
        done, deadline = 0, time.monotonic() + PATIENCE_S
        is_over = True
        for count in discard_all(self.selection, by=self._request.user.get_username()):
            done += count
            if time.monotonic() > deadline:
                is_over = False
                break
        more = "" if is_over else " That took a while, and there are more: go on?"
        messages.success(self._request, f"{done} discarded.{more}")
        return is_over

    def _back(self) -> HttpResponse:
        address = reverse("admin:actors_deadletter_changelist")
        return HttpResponseRedirect(f"{address}?{self.filters.query()}".rstrip("?"))
