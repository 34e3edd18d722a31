"""What can go wrong with one command on its way to Redis."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

#: `before`: cut before the server sees it. `after`: the server acts, then cut without its answer.
#: `error`: the server does not see it and an error is the answer. `freeze`: the answer comes late.
Way = Literal["before", "after", "error", "freeze"]
OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'."
LOADING = "LOADING Valkey is loading the dataset in memory"


@dataclass
class Fault:
    """Lets the `nth` command of that name fail, from now on; the name "" is any."""

    name: str
    way: Way
    nth: int = 1
    error: str = OUT_OF_MEMORY
    freeze_s: float = 1.0
    #: It has struck; and its connection is cut, or the answer sent.
    fired: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def strikes(self, name: str) -> bool:
        """Count this command; say whether it is the one."""
        if self.name in ("", name):
            self.nth -= 1
            if self.nth == 0:
                self.fired.set()
                return True
        return False
