"""The ASGI application: `uvicorn asgi:application`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, cast

from django.core.asgi import get_asgi_application

if TYPE_CHECKING:
    from asgiref.typing import ASGI3Application

#: Seconds. How long a thread may keep the interpreter from the event loop. Python's default is
#: 5 ms, and several threads in turn make that many of it.
SWITCH_INTERVAL_S = 0.0005
sys.setswitchinterval(SWITCH_INTERVAL_S)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
_django = get_asgi_application()

from media_app.body_guard import with_body_guard  # noqa: E402 - Django must be set up first
from project.lifespan import with_lifespan  # noqa: E402

application = with_lifespan(with_body_guard(cast("ASGI3Application", _django)))
