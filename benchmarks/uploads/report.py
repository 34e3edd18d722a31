"""The lines, and their place in docs/images.md."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.uploads.browsing import First
from benchmarks.uploads.flood import Outcome

_DOC = Path(__file__).resolve().parent.parent.parent / "docs" / "images.md"
_BEGIN, _END = "<!-- uploads: begin -->", "<!-- uploads: end -->"


def first(ready_ms: list[float], found: First) -> list[str]:
    """How soon a picture is there."""
    lines = [f"{len(ready_ms)} photos of 12 megapixels one by one, with idle workers:", ""]
    for name, ms in (
        ("stored, and the event stream tells of it,", ready_ms),
        ("put into the page in Chromium", found.put_ms),
        ("shown there", found.shown_ms),
    ):
        lines.append(
            f"* the first picture is {name} {statistics.median(ms):.0f} ms after the upload's "
            f"answer (median; at most {max(ms):.0f})"
        )
    return [*lines, ""]


def flood(found: Outcome) -> list[str]:
    """What many at a time cost."""
    ms, late = sorted(found.post_ms), found.late
    return [
        f"{found.photos} photos of 24 megapixels, {found.parallel} at a time "
        f"({found.failed} failed):",
        "",
        f"* `POST`: p50 {statistics.median(ms):.0f}, p99 {ms[int(len(ms) * 0.99) - 1]:.0f}, at "
        f"most {ms[-1]:.0f} ms",
        f"* the event loop: late by {late['p50']:.1f} ms (p50), {late['p99']:.1f} (p99), at most "
        f"{late['max']:.0f}",
        f"* memory of all processes, Valkey, mailbox and a second web process included: "
        f"{found.at_rest_mb:.0f} MB at rest, at most {found.peak_mb:.0f}",
        f"* all sent after {found.sent_s:.0f} s, all with a picture after "
        f"{found.first_pictures_s:.0f}, all ready after {found.ready_s:.0f}, all complete after "
        f"{found.complete_s:.0f}",
        "",
    ]


def publish(lines: list[str], *, write: bool) -> None:
    """Print, and write if asked to."""
    table = "\n".join(lines).strip()
    print(table)
    if write:
        text = _DOC.read_text()
        before, after = text.split(_BEGIN)[0], text.split(_END)[1]
        _DOC.write_text(f"{before}{_BEGIN}\n\n{table}\n\n{_END}{after}")
