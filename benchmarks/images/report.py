"""The tables, and their place in docs/images.md."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

type Picture = Image.Image

SINGLES = (
    ("jpeg12.jpg", "first"),
    ("jpeg12.jpg", "ready"),
    ("jpeg12.jpg", "all"),
    ("jpeg24.jpg", "all"),
    ("alpha.png", "all"),
    ("five.avif", "all"),
)
_DOC = Path(__file__).resolve().parent.parent.parent / "docs" / "images.md"
_BEGIN, _END = "<!-- engines: begin -->", "<!-- engines: end -->"
_NAMES = {
    "ours": "Darkroom",
    "naive": "Pillow, naive",
    "vips": "pyvips, one decode, cascade",
    "easy": "easy-thumbnails",
    "sharp": "sharp, one decode, cascade",
}


@dataclass(frozen=True)
class Row:
    name: str
    ms: float
    fastest_ms: float
    cpu_ms: float
    peak_mb: float
    kilobytes: float
    likeness: dict[int, float]

    @classmethod
    def of(cls, name: str, said: list[dict[str, float]], likeness: dict[int, float]) -> Row:
        times = [answer["ms"] for answer in said]
        size = sum(value for key, value in said[-1].items() if "." in key)
        cpu = statistics.median(answer["cpu_ms"] for answer in said)
        peak = said[-1]["peak_mb"]
        return cls(name, statistics.median(times), min(times), cpu, peak, size / 1000, likeness)


def singles(source: str, work: str, rows: list[Row]) -> str:
    widths = sorted(rows[0].likeness, reverse=True)
    lines = [
        f"**{source}, {work}**",
        "",
        "| engine | ms (fastest) | CPU ms | peak MB | KB | SSIM at "
        + " / ".join(map(str, widths))
        + " |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in sorted(rows, key=lambda row: row.ms):
        like = " / ".join(f"{row.likeness[width]:.4f}" for width in widths)
        lines.append(
            f"| {_NAMES[row.name]} | {row.ms:.0f} ({row.fastest_ms:.0f}) | {row.cpu_ms:.0f} "
            f"| {row.peak_mb:.0f} | {row.kilobytes:.0f} | {like} |"
        )
    return "\n".join(lines)


def pairs(found: dict[str, dict[str, float]]) -> str:
    lines = [
        "**Two processes, one thread each, 12 MP: images a second**",
        "",
        "| engine | without AVIF | with AVIF |",
        "| --- | --- | --- |",
    ]
    for name, rates in found.items():
        lines.append(f"| {_NAMES[name]} | {rates['ready']:.2f} | {rates['all']:.2f} |")
    return "\n".join(lines)


def publish(tables: str, *, write: bool) -> None:
    print(tables)
    if write:
        text = _DOC.read_text()
        before, after = text.split(_BEGIN)[0], text.split(_END)[1]
        _DOC.write_text(f"{before}{_BEGIN}\n\n{tables}\n\n{_END}{after}")


def opened(path: Path) -> Picture:
    return Image.open(path)
