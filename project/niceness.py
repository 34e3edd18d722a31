"""Steps back behind other processes: `python -m project.niceness 10 COMMAND...`.

Linux shares out its processors by session where autogrouping is on, as it is on desktops, and
heeds `nice` only within one. Each of our programs leads a session, so each tells its own.

Source: sched(7), "The autogroup feature".
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

_AUTOGROUP = Path("/proc/self/autogroup")
#: The kernel takes one such wish in a tenth of a second, of all users but root.
_TRIES, _PAUSE_S = 4, 0.11


def tell_session() -> bool:
    """Let this session stand back as far as its process is niced; return whether it could be told.

    For the leader of a session. False where the system knows no such groups.
    """
    if not _AUTOGROUP.exists():
        return False
    for _ in range(_TRIES):
        try:
            _AUTOGROUP.write_text(str(os.nice(0)))
        except BlockingIOError:
            time.sleep(_PAUSE_S)
        except OSError:
            return False
        else:
            return True
    return False


def main() -> None:
    """Become the command, niced."""
    os.nice(int(sys.argv[1]))
    tell_session()
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
