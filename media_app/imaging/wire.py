"""What goes between a process that wants pictures developed and the one that does it.

A frame is a length, JSON, and the blobs that the JSON counts. Nothing that comes from the side that
decodes is unpickled or evaluated: after a hostile picture, it is a stranger.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from media_app.geometry import Focal, Size
from media_app.imaging.development import Developed, Development, Order
from media_app.presets import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

_LENGTH = struct.Struct(">I")

#: Bytes. More in one frame is a stranger's nonsense.
_MOST = 1 << 29


def send(pipe: IO[bytes], said: dict[str, Any], blobs: Sequence[bytes] = ()) -> None:
    """Write a frame."""
    text = json.dumps(said | {"blobs": [len(blob) for blob in blobs]}).encode()
    pipe.write(_LENGTH.pack(len(text)) + text)
    for blob in blobs:
        pipe.write(blob)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Read a frame.

    Raises:
        EOFError: the other side is gone.
        ValueError: it is no frame.
    """
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    said = json.loads(_exactly(pipe, length))
    return said, [_exactly(pipe, size) for size in said["blobs"]]


def order_as_json(order: Order) -> dict[str, Any]:
    """The order, as `order_from_json` takes it."""
    return asdict(order)


def order_from_json(said: dict[str, Any]) -> Order:
    """The order that was sent."""
    focal = said.pop("focal")
    return Order(
        table=tuple(tuple(row) for row in said.pop("table")),
        stages=tuple(Stage(stage) for stage in said.pop("stages")),
        focal=Focal(**focal) if focal else None,
        **said,
    )


def development_as_frame(made: Development, order: Order) -> tuple[dict[str, Any], list[bytes]]:
    """What was made, without the recipes: the other side has them."""
    recipes = order.recipes(animated=made.animated)
    said = {
        "size": [made.size.width, made.size.height],
        "animated": made.animated,
        "note": made.note,
        "thumb_hash": made.thumb_hash.hex(),
        "colour": made.colour,
        "files": [
            [recipes.index(one.recipe), one.size.width, one.size.height] for one in made.renditions
        ],
    }
    return said, [*(one.data for one in made.renditions), made.prepared]


def development_from_frame(said: dict[str, Any], blobs: list[bytes], order: Order) -> Development:
    """What was made, with the recipes of the order."""
    recipes = order.recipes(animated=said["animated"])
    return Development(
        size=Size(*said["size"]),
        renditions=tuple(
            Developed(recipes[at], Size(width, height), data)
            for (at, width, height), data in zip(said["files"], blobs[:-1], strict=True)
        ),
        animated=said["animated"],
        note=said["note"],
        thumb_hash=bytes.fromhex(said["thumb_hash"]),
        colour=tuple(said["colour"]) if said["colour"] else None,
        prepared=blobs[-1],
    )


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    if not 0 <= length <= _MOST:
        raise ValueError(f"expected at most {_MOST} bytes, got {length}")
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError("the other side is gone")
    return data
