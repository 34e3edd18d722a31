"""What follows by itself: a new user's welcome, a deleted asset's files, a dead message's asset."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from actors.emailing import MAIL_ACTORS, send_soon
from actors.resizing import STAGE_ACTORS, purge_content, tell_owner
from actors.signals import dead_lettered, requeued
from media_app import notices, renditions
from media_app.exceptions import PermanentFailure
from media_app.models import Asset, Notice, User

MAIL_ACTOR_NAMES = {actor.actor_name for actor in MAIL_ACTORS.values()}
STAGE_ACTOR_NAMES = {actor.actor_name for actor in STAGE_ACTORS}


@receiver(post_save, sender=User)
def welcome_new_user(instance: User, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """Queue the welcome mail; it leaves after the commit, or never."""
    if not created or raw:
        return
    with transaction.atomic():
        if notice := notices.queue(Notice.Kind.WELCOME, instance):
            send_soon(notice)


@receiver(post_delete, sender=Asset)
def purge_what_is_not_shown(instance: Asset, **kwargs: Any) -> None:
    """Have the content of a deleted asset removed; also where its owner is deleted."""
    purge_content.delay_on_commit(instance.original_id)


@receiver(dead_lettered)
def end_what_died(message: Any, error: BaseException, **kwargs: Any) -> None:
    """Say on the page that an asset will not develop, and in the row that a mail will not leave."""
    if message.actor_name in MAIL_ACTOR_NAMES:
        notices.mark_failed(message.args[0], str(error))
    if message.actor_name in STAGE_ACTOR_NAMES:
        asset_id = UUID(message.args[0])
        if renditions.mark_failed(asset_id, _reason(error)):
            transaction.on_commit(partial(tell_owner, asset_id), robust=True)


@receiver(requeued)
def begin_anew(message: Any, **kwargs: Any) -> None:
    """Show a requeued asset as developing, and let a requeued mail leave."""
    if message.actor_name in MAIL_ACTOR_NAMES:
        notices.begin_anew(message.args[0])
        Notice.objects.filter(pk=message.args[0]).update(task_id=message.message_id)
    if message.actor_name in STAGE_ACTOR_NAMES:
        asset_id = UUID(message.args[0])
        if renditions.mark_developing(asset_id):
            Asset.objects.filter(pk=asset_id).update(task_id=message.message_id)
            transaction.on_commit(partial(tell_owner, asset_id), robust=True)


def _reason(error: BaseException) -> str:
    if isinstance(error, PermanentFailure):
        return str(error)
    return "The picture could not be developed. This was not its fault: please try again."
