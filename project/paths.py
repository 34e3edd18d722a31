"""Where things lie below the data directory. Pure Python; creates nothing."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from urllib.parse import quote

#: Bytes. The kernel's limit for the path of a unix socket is 104 (macOS) or 108 (Linux).
SOCKET_PATH_MAX_BYTES = 100


def embedded_socket(data_dir: Path) -> Path:
    """Return the socket of the embedded server of `data_dir`, the same in every process.

    Below the data directory, or, where that path is too long for a socket, in a folder of the
    system's temporary directory that is named after it.
    """
    inside = data_dir / "valkey" / "valkey.sock"
    if len(bytes(inside)) <= SOCKET_PATH_MAX_BYTES:
        return inside
    digest = hashlib.sha256(bytes(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"darkroom-{digest}" / "valkey.sock"


def embedded_url(data_dir: Path) -> str:
    """Return the embedded server's address as redis-py takes it."""
    return f"unix://{quote(str(embedded_socket(data_dir)))}"
