"""Messages put together: one after another (`chain`), or side by side (`group`)."""

from __future__ import annotations

from actors.composition.chains import ChainResult, chain
from actors.composition.groups import GroupResult, group

__all__ = ["ChainResult", "GroupResult", "chain", "group"]
