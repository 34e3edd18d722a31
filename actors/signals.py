"""What an app may want to know of its messages. Both are sent in the transaction of their row.

`dead_lettered` and `requeued` give `message`, a Dramatiq message; `dead_lettered` also `error`.
"""

from __future__ import annotations

from django.dispatch import Signal

dead_lettered = Signal()
requeued = Signal()
