"""What became of all that was accepted: a table for people, JSON for machines.

Pure: what was answered, what was received and what the rows say come in, the account comes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

#: The batch of a notice that belongs to none.
NO_BATCH = "00000000-0000-0000-0000-000000000000"


@dataclass
class Line:
    """One kind of accepted thing. Every one is done, failed, unknown or lost: one of these."""

    what: str
    accepted: int = 0
    done: int = 0
    failed: int = 0
    unknown: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    #: Where what the row says and what was seen are no two sides of one thing.
    contradictory: list[str] = field(default_factory=list)
    #: How often each reason was given, of what failed and what is unknown.
    reasons: dict[str, int] = field(default_factory=dict)
    #: Each one whose outcome nobody knows, with the reason.
    unknown_ones: dict[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        wrong = (("lost", self.lost), ("twice", self.twice), ("contradictory", self.contradictory))
        return [f"{self.what}: {how}: {each}" for how, found in wrong for each in found]


@dataclass
class Account:
    """All lines, and what else a reader needs to believe them."""

    lines: list[Line]
    #: What is wrong beside: renditions' files, rows that never ended, strays.
    wrong: list[str]
    facts: dict[str, Any]

    @property
    def problems(self) -> list[str]:
        """Return what breaks a promise; empty where all was kept."""
        return [*(each for line in self.lines for each in line.problems), *self.wrong]

    def table(self) -> str:
        """Return it for a terminal."""
        heads = ("", "accepted", "done", "failed, why said", "unknown", "lost", "twice")
        rows = [
            (
                line.what,
                *(str(n) for n in (line.accepted, line.done, line.failed, line.unknown)),
                *(str(len(found)) for found in (line.lost, line.twice)),
            )
            for line in self.lines
        ]
        widths = [max(len(row[n]) for row in (heads, *rows)) for n in range(len(heads))]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if n == 0 else cell.rjust(width)
                for n, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in (heads, *rows)
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        return {**asdict(self), "problems": self.problems}


def of_images(accepted: Iterable[str], assets: Sequence[dict[str, Any]]) -> Line:
    """Account for uploads that were answered 202, and for rows whose answer never came."""
    rows = {str(row["id"]): row for row in assets}
    ids = {*accepted, *rows}
    line = Line("images", accepted=len(ids))
    for image_id in sorted(ids):
        row = rows.get(image_id, {"state": "missing", "reason": "", "complete": False})
        if row["state"] == "ready" and row["complete"]:
            line.done += 1
        elif row["state"] == "failed" and row["reason"]:
            line.failed += 1
            _give_reason(line, row["reason"])
        else:
            line.lost.append(f"{image_id}: {row['state']}")
    return line


def of_mails(
    kind: str,
    expected: Iterable[tuple[str, str]],
    notices: Sequence[dict[str, Any]],
    mails: Sequence[Any],
) -> Line:
    """Account for the mails of one kind: one for each address and batch that is expected.

    `mails` have `address` and `message_id`.
    """
    mine = [row for row in notices if row["kind"] == kind]
    line = Line(f"{kind} mails")
    times = Counter((mail.address, mail.message_id) for mail in mails)
    had = Counter((row["user__email"], str(row["batch"])) for row in mine)
    missing = sorted({*expected} - {*had})
    line.lost += [f"{address}, batch {batch}: has no notice" for address, batch in missing]
    line.twice += [f"{address}, batch {b}: {n} notices" for (address, b), n in had.items() if n > 1]
    line.accepted = len(mine) + len(line.lost)
    for row in mine:
        _count(line, row, times[row["user__email"], row["message_id"]])
    return line


def _count(line: Line, row: dict[str, Any], received: int) -> None:
    name, state, reason = f"{row['user__email']} {row['message_id']}", row["state"], row["reason"]
    if received > 1:
        line.twice.append(f"{name}: received {received} times")
    if (state == "sent" and received) or (state == "skipped" and not received):
        line.done += 1
    elif state == "failed" and reason:
        line.failed += 1
        _give_reason(line, reason)
        if received:
            line.contradictory.append(f"{name}: failed, yet received ({reason})")
    elif state == "unknown" and reason:
        line.unknown += 1
        line.unknown_ones[name] = reason
        _give_reason(line, reason)
    else:
        line.lost.append(f"{name}: {state}, received {received} times, reason {reason!r}")


def _give_reason(line: Line, reason: str) -> None:
    line.reasons[reason] = line.reasons.get(reason, 0) + 1


def of_all(
    accepted_images: Iterable[str],
    accepted_addresses: Iterable[str],
    rows: dict[str, Any],
    mails: Sequence[Any],
    *,
    wrong: Sequence[str],
    facts: dict[str, Any],
) -> Account:
    """Return the account of one run."""
    # Who has a row has signed up, though the answer may have been lost with the web process.
    people = {(address, NO_BATCH) for address in {*accepted_addresses, *rows["emails"]}}
    batches = {(row["owner__email"], str(row["key"])) for row in rows["batches"]}
    lines = [
        of_images(accepted_images, rows["assets"]),
        of_mails("welcome", people, rows["notices"], mails),
        of_mails("images_ready", batches, rows["notices"], mails),
    ]
    known = {(row["user__email"], row["message_id"]) for row in rows["notices"]}
    strays = [mail for mail in mails if (mail.address, mail.message_id) not in known]
    left = [f"the outbox holds {rows['outbox']} messages"] if rows["outbox"] else []
    alien = [f"a mail without a notice: {mail}" for mail in strays]
    return Account(lines, [*wrong, *left, *alien], facts)
