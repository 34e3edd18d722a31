"""Dead letters, for a person: which ones, sent again or discarded, and an audit line for each act.

selection = Selection(actor="make_renditions", error="disk full")
for account in requeue_all(selection, by="ansel@example.com"):
    print(account.sent)
"""

from __future__ import annotations

from actors.dead_letters.discarding import discard_all
from actors.dead_letters.editing import WrongArguments, edited
from actors.dead_letters.pages import Page, page
from actors.dead_letters.requeueing import Account, CannotRequeue, requeue, requeue_all
from actors.dead_letters.selection import Selection

__all__ = [
    "Account",
    "CannotRequeue",
    "Page",
    "Selection",
    "WrongArguments",
    "discard_all",
    "edited",
    "page",
    "requeue",
    "requeue_all",
]
