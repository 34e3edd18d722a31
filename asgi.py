"""The ASGI application: `uvicorn asgi:application`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from django.core.asgi import get_asgi_application

if TYPE_CHECKING:
    from asgiref.typing import ASGI3Application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
_django = get_asgi_application()

from media_app.body_guard import with_body_guard  # noqa: E402 - Django must be set up first
from project.lifespan import with_lifespan  # noqa: E402

application = with_lifespan(with_body_guard(cast("ASGI3Application", _django)))
