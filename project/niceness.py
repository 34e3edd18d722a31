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


def tell_session(niceness: int | None = None, *, tries: int = _TRIES) -> bool:
    """Let this session stand back as far as its process is niced, or as told; 0: not at all.

    For the leader of a session. Returns whether it could be told: where the system knows no such
    groups it can't.
    """
    for left in reversed(range(tries)):
        try:
            _AUTOGROUP.write_text(str(os.nice(0) if niceness is None else niceness))
        except BlockingIOError:
            time.sleep(_PAUSE_S if left else 0)
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
