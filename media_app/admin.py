"""Notices for staff: what became of each mail, and sending again those that have ended."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import Truncator

from actors.emailing import send_soon
from media_app import notices
from media_app.models import Notice

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Notice]
else:
    _Admin = admin.ModelAdmin

#: Notices that are sent again at a time.
MOST = 500


@admin.register(Notice)
class NoticeAdmin(_Admin):
    """Lists and sends again; nothing is added or changed by hand."""

    list_display = ("user", "kind", "state", "why", "attempts", "created_at", "sent_at")
    list_filter = ("state", "kind", ("created_at", admin.DateFieldListFilter))
    search_fields = ("user__email", "message_id", "reason")
    search_help_text = "An address, a Message-ID, or part of a reason"
    list_select_related = ("user",)
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("send_again",)

    @admin.display(description="reason")
    def why(self, notice: Notice) -> str:
        """Return the beginning of the reason; the notice's own page has all of it."""
        return Truncator(notice.reason).chars(120)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody may: a notice comes from what happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        """Nobody may: a notice that is gone could be sent twice."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Notice | None = None) -> list[str]:
        """Return all: a state that is set by hand is a mail sent twice or never."""
        return [field.name for field in Notice._meta.fields]

    @admin.action(description="Send the selected mails again", permissions=["change"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Notice]) -> HttpResponse | None:
        """Ask, saying how many there are of which kind; and when that is confirmed, send."""
        ended = chosen.filter(state__in=notices.ENDED).order_by("id")
        picked = list(ended.select_related("user")[:MOST])
        if "confirmed" not in request.POST:
            return self._question(request, picked, left_out=chosen.count() - len(picked))
        queued = [notice for notice in picked if _queue_again(notice, request)]
        told = f"{len(queued)} mail{'' if len(queued) == 1 else 's'} queued again."
        self.message_user(request, told, messages.SUCCESS if queued else messages.WARNING)
        return None

    def _question(
        self, request: HttpRequest, picked: list[Notice], *, left_out: int
    ) -> TemplateResponse:
        counts = Counter(Notice.State(notice.state) for notice in picked)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Send again?",
            "opts": Notice._meta,
            "notices": picked,
            "counts": [(state.value, counts[state]) for state in Notice.State if counts[state]],
            "twice": counts[Notice.State.UNKNOWN] + counts[Notice.State.SENT],
            "left_out": left_out,
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/media_app/notice/send_again.html", context)


def _queue_again(notice: Notice, request: HttpRequest) -> bool:
    """Queue one mail again and note who did it; return False where it has not ended any more."""
    with transaction.atomic():
        if not notices.begin_anew(notice.pk, notices.ENDED):
            return False
        send_soon(notice)
        was = f"{notice.state}: {notice.reason}" if notice.reason else notice.state
        by = str(request.user.pk)
        LogEntry.objects.log_actions(by, [notice], CHANGE, f"Sent again; it was {was}")
    return True
