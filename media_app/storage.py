"""Files on the local disk: uploads whole or not at all, and the site's own under hashed names.

Knows nothing of rows or images.
"""

from __future__ import annotations

import os
import shutil
import uuid
from typing import IO, Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from servestatic.storage import CompressedManifestStaticFilesStorage


class AtomicFileSystemStorage(FileSystemStorage):
    """A file appears under its name only when it is complete; saving a name again replaces it.

    A process that is killed while it writes leaves a `.part` file behind, never half a picture
    under a name that says what the content is.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return `name`: names here say what the content is, so the same name is the same file."""
        return name

    def _save(self, name: str, content: File[Any] | IO[Any]) -> str:
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        part = f"{path}.{uuid.uuid4().hex}.part"
        try:
            _place(content, part)
            os.replace(part, path)
        except BaseException:
            if os.path.exists(part):
                os.unlink(part)
            raise
        return name


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # untyped
    """The site's files under hashed names, by which modules import each other: never mixed."""

    support_js_module_import_aggregation = True


def _place(content: Any, part: str) -> None:
    """Move an upload that lies on the same file system; copy anything else."""
    if hasattr(content, "temporary_file_path"):
        content.flush()
        shutil.move(content.temporary_file_path(), part)
        return
    with open(part, "xb") as target:
        content.seek(0)
        shutil.copyfileobj(content, target, 1 << 20)
