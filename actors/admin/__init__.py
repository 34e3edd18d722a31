"""What Django's admin shows of `actors`. Django looks for it itself; nothing else imports it."""

from __future__ import annotations

import dramatiq
from django.contrib import admin
from django_dramatiq.middleware import AdminMiddleware
from django_dramatiq.models import Task

from actors.admin.actions import DeadLetterActionAdmin
from actors.admin.letters import DeadLetterAdmin
from actors.models import DeadLetter, DeadLetterAction

admin.site.register(DeadLetter, DeadLetterAdmin)
admin.site.register(DeadLetterAction, DeadLetterActionAdmin)

# Without its middleware, django-dramatiq's list of tasks stays empty, and would mislead.
_lists_tasks = any(isinstance(each, AdminMiddleware) for each in dramatiq.get_broker().middleware)
if admin.site.is_registered(Task) and not _lists_tasks:
    admin.site.unregister(Task)
