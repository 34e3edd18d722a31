"""The audit as a list: who did what with dead letters. It can be read, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from actors.models import DeadLetterAction

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[DeadLetterAction]
else:
    _Admin = admin.ModelAdmin


class DeadLetterActionAdmin(_Admin):
    """Newest first."""

    list_display = ("at", "who", "action", "count", "selection")
    list_filter = ("action",)
    ordering = ("-at",)
    show_full_result_count = False
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody may."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: DeadLetterAction | None = None
    ) -> bool:
        """Nobody may."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: DeadLetterAction | None = None
    ) -> bool:
        """Nobody may."""
        return False
