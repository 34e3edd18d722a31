"""What the process inside the site can be asked. Uses the site's own services and rows."""

from __future__ import annotations

import hashlib
from typing import Any

from django.core.files.storage import default_storage

from actors.models import DeadLetter, OutboxMessage
from media_app import developing
from media_app.exceptions import MediaError
from media_app.forms import SignUpForm
from media_app.geometry import Focal
from media_app.models import ApiToken, Asset, Batch, Notice, Original, Rendition, User
from media_app.presets import Stage

PASSWORD = "a long enough passphrase"


def sign_up(email: str) -> bool:
    """Sign a person up as the view does; return False where the address is taken."""
    form = SignUpForm({"email": email, "password": PASSWORD})
    return form.is_valid() and form.save() is not None


def token(email: str) -> str:
    """Return a new API token of a person."""
    return ApiToken.issue(User.objects.get(email=email))


def inventory() -> dict[str, Any]:
    """Return every row that the account needs."""
    fields = ("kind", "user__email", "batch", "message_id", "state", "reason", "attempts")
    return {
        "emails": list(User.objects.values_list("email", flat=True)),
        "assets": list(
            Asset.objects.values("id", "state", "complete", "reason", "batch", "owner__email")
        ),
        "notices": list(Notice.objects.values(*fields)),
        "batches": list(Batch.objects.values("owner__email", "key", "closed_at")),
        "outbox": OutboxMessage.objects.count(),
        "dead_letters": list(DeadLetter.objects.values("id", "actor_name", "state", "error_type")),
    }


def unsettled() -> dict[str, int]:
    """Return how many rows have not ended, by what they are; those with 0 are left out."""
    notices = Notice.objects.filter(state__in=("queued", "sending"))
    counts = {
        "assets developing": Asset.objects.filter(state="developing").count(),
        "assets incomplete": Asset.objects.filter(state="ready", complete=False).count(),
        "notices": notices.count(),
        "batches": Batch.objects.filter(closed_at=None).count(),
        "outbox": OutboxMessage.objects.count(),
    }
    return {what: count for what, count in counts.items() if count}


def wrong_renditions() -> list[str]:
    """Return what is wrong with the files of renditions: each must be what another run makes."""
    made = {name: data for original in Original.objects.all() for name, data in _made_of(original)}
    rows = Rendition.objects.filter(asset__state="ready").values_list("name", "size_bytes")
    wrong = [words for row in rows if (words := _wrong_with(*row, made))]
    ready = Asset.objects.filter(state="ready", complete=True)
    for asset in ready.prefetch_related("renditions"):
        names = {row.name for row in asset.renditions.all()}
        expected = {name for name in made if name.startswith(f"{asset.original_id}/")}
        if names != expected:
            wrong.append(f"{asset.id}: has {len(names)} renditions, expected {len(expected)}")
    return wrong


def parts_left() -> int:
    """Return how many half files killed processes left: under no picture's name, so harmless."""
    return sum(1 for _ in default_storage.base_location.rglob("*.part"))  # type: ignore[attr-defined]


def _made_of(original: Original) -> list[tuple[str, str]]:
    try:
        made = developing.develop(original, tuple(Stage), Focal(0.5, 0.5))
    except MediaError:
        return []
    return [
        (each.recipe.file_name(original.digest), _digest(each.data)) for each in made.renditions
    ]


def _wrong_with(name: str, size_bytes: int, made: dict[str, str]) -> str | None:
    if not default_storage.exists(name):
        return f"{name}: the row has no file"
    with default_storage.open(name) as file:
        data = file.read()
    if len(data) != size_bytes:
        return f"{name}: {len(data)} bytes, the row says {size_bytes}"
    if _digest(data) != made.get(name):
        return f"{name}: another run makes other bytes"
    return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
