"""Engines side by side: `python -m benchmarks.images [--rounds 5] [--only ours vips] [--write]`.

Needs, beside the project's packages: numpy, pyvips[binary], easy-thumbnails; and for sharp, Node
and SHARP_AT, a folder in which `npm install sharp` ran. What is missing is left out, and said so.
Engines take turns within every round, so that whatever else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from threading import Thread

from benchmarks.images import report, sources
from benchmarks.images.contest import Engine, engines
from benchmarks.images.likeness import reference, ssim
from benchmarks.images.work import WORKS


def main() -> None:
    asked = arguments()
    with tempfile.TemporaryDirectory() as folder:
        files = sources.made(Path(folder))
        tables = []
        for source, work in report.SINGLES:
            rows = single(asked, files[source], work, Path(folder))
            tables.append(report.singles(source, work, rows))
            print(tables[-1], flush=True)
        tables.append(report.pairs(pair(asked, files["jpeg12.jpg"])))
    report.publish("\n\n".join(tables), write=asked.write)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--write", action="store_true", help="put the tables into docs/images.md")
    return parser.parse_args()


def single(asked: argparse.Namespace, path: Path, work: str, folder: Path) -> list[report.Row]:
    """One process an engine, both cores its own."""
    running = engines(asked.only, threads=2)
    said: dict[str, list[dict[str, float]]] = {engine.name: [] for engine in running}
    for engine in running:
        (folder / engine.name).mkdir(exist_ok=True)
        engine.make(work, path, folder / engine.name)
    for _ in range(asked.rounds):
        for engine in running:
            said[engine.name].append(engine.make(work, path))
    data, widths = path.read_bytes(), {width for width, _ in WORKS[work]}
    rows = [
        report.Row.of(name, answers, likeness(folder / name, data, widths))
        for name, answers in said.items()
    ]
    for engine in running:
        engine.close()
    return rows


def likeness(folder: Path, data: bytes, widths: set[int]) -> dict[int, float]:
    """SSIM of the WebP of each width, against the exact shrinking to its size."""
    made = {width: report.opened(folder / f"{width}.webp") for width in widths}
    return {width: ssim(one, reference(data, *one.size)) for width, one in made.items()}


def pair(asked: argparse.Namespace, path: Path) -> dict[str, dict[str, float]]:
    """Images a second of two processes with one thread each, for each work."""
    found: dict[str, dict[str, float]] = {}
    for first, second in zip(
        engines(asked.only, threads=1), engines(asked.only, threads=1), strict=True
    ):
        found[first.name] = {
            work: rate(first, second, path, work, max(asked.rounds, 3)) for work in ("ready", "all")
        }
        first.close()
        second.close()
    return found


def rate(first: Engine, second: Engine, path: Path, work: str, count: int) -> float:
    for engine in (first, second):
        engine.make(work, path)
    threads = [
        Thread(target=lambda e=engine: [e.make(work, path) for _ in range(count)])
        for engine in (first, second)
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 2 * count / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
