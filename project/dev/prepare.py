"""Brings the database and the static files up to date before anything serves.

One process for both: each start of Django costs a second or two.
"""

from __future__ import annotations

import os
import sys

import django
from django.core.management import call_command
from django.db import OperationalError

from actors.parent_watch import watch_parent


def main() -> str | None:
    """Prepare; return what is wrong, or None."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except OperationalError as error:
        return f"The database cannot be used; see DATABASE_URL and DATA_DIR. It says: {error}"
    call_command("collectstatic", interactive=False, verbosity=0)
    return None


if __name__ == "__main__":
    watch_parent()
    sys.exit(main())
