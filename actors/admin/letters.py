"""The dead letters' pages: a list that counts nothing, one letter, and what is done to many.

Django's own change list counts its rows and skips over those of earlier pages; these pages read
by key, and stay quick at a million rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dramatiq
from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET, require_POST

from actors.admin.acting import Act, acts_of
from actors.admin.filters import Filters, place_text
from actors.dead_letters import Page, page
from actors.failures import storable
from actors.models import DeadLetter

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[DeadLetter]
else:
    _Admin = admin.ModelAdmin

#: Characters of a payload that a page shows.
PAYLOAD_LENGTH = 10_000


class DeadLetterAdmin(_Admin):
    """Lists, shows, sends again and discards; nothing is added or changed by hand."""

    def get_urls(self) -> list[URLPattern]:
        """Add the address of what is done to letters."""
        act = path("act/", self.admin_site.admin_view(self.act_view), name="actors_deadletter_act")
        return [act, *super().get_urls()]

    @method_decorator(require_GET)
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one page of the letters that the filters choose."""
        self._check(request)
        filters = Filters(request.GET)
        # Of filters that can't be read nothing is shown but what is wrong with them.
        found = page(filters.selection(), filters.place()) if filters.is_valid() else Page([])
        broker = dramatiq.get_broker()
        context = {
            "title": "Dead letters",
            "filters": filters,
            "page": found,
            "rows": [row_of(letter) for letter in found.letters],
            "older": filters.query(before=place_text(found.older)) if found.older else "",
            "newest": filters.query(),
            "is_later_page": bool(filters.cleaned_data.get("before")),
            "is_dead": filters.cleaned_data.get("state") != DeadLetter.State.REQUEUED,
            "known_actors": sorted(broker.get_declared_actors()),
            "known_queues": sorted(broker.get_declared_queues()),
        }
        return self._answer(request, "list", context)

    @method_decorator(require_GET)
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show all that is known of one letter."""
        self._check(request)
        letter = DeadLetter.objects.filter(pk=storable(unquote(object_id))).first()
        if letter is None:
            raise Http404("There is no such dead letter; it may have been discarded.")
        payload = bytes(letter.payload)
        text = payload[: PAYLOAD_LENGTH * 4].decode(errors="replace")[:PAYLOAD_LENGTH]
        context = {
            "title": f"{letter.actor_name} {letter.pk}",
            "letter": letter,
            "tries": letter.tries[::-1],
            "payload": text,
            "payload_bytes": len(payload),
            "is_dead": letter.state == DeadLetter.State.DEAD,
        }
        return self._answer(request, "detail", context)

    @method_decorator(require_POST)
    def act_view(self, request: HttpRequest) -> HttpResponse:
        """Ask whether it is meant, saying how many; then do it."""
        self._check(request)
        act = Act(request)
        if act.name not in acts_of(request):
            raise PermissionDenied
        if (answer := act.answer()) is not None:
            return answer
        context = {"title": act.title, "act": act}
        return self._answer(request, "confirm", context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody may."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: DeadLetter | None = None) -> bool:
        """Nobody may."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: DeadLetter | None = None) -> bool:
        """Nobody may here: `act_view` discards, and writes it down."""
        return False

    def _check(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _answer(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        more = {"acts": acts_of(request), "act_url": reverse("admin:actors_deadletter_act")}
        template = f"actors/dead_letters/{name}.html"
        return TemplateResponse(request, template, {**frame, **more, **context})


def row_of(letter: DeadLetter) -> dict[str, object]:
    """Return what the list shows of a letter; cut here, for filters of a template take long."""
    return {
        "pk": letter.pk,
        "address": reverse("admin:actors_deadletter_change", args=[quote(letter.pk)]),
        "failed": f"{timezone.localtime(letter.failed_at):%Y-%m-%d %H:%M:%S}",
        "actor": _short(letter.actor_name, 60),
        "arguments": _short(letter.arguments, 80),
        "cause": letter.cause,
        "error": f"{_short(letter.error_type, 60)}: {_short(letter.error, 120)}",
        "attempts": letter.attempts,
        "queue": _short(letter.queue_name, 40),
    }


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
