"""Makes the renditions of a picture that were ordered, from one decode."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from media_app.exceptions import UnreadableSource
from media_app.geometry import Focal, Size
from media_app.imaging import prepared
from media_app.imaging.animation import film, frames_of
from media_app.imaging.decoding import accepted_format_of, decoded
from media_app.imaging.encoding import encoded
from media_app.imaging.ladder import pictures_of, widest_needed
from media_app.imaging.placeholder import Colour, dominant_colour, thumb_hash, thumbnail
from media_app.presets import AVIF, Format, Recipe, Row, Stage, presets_of, recipes_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from PIL.Image import Image

#: Makes a moving file of a size in a format.
type Movie = Callable[[Size, Format], bytes]


@dataclass(frozen=True, slots=True)
class Order:
    """What to make. `table` is `IMAGE_PRESETS`; `threads` encode at the same time.

    The limits of pixels were checked at the upload; here they hold again, before anything is
    decoded. Of an animation with more than `max_frames`, or `max_moving_pixels` over all frames,
    only the first frame is shown. `keep`: give the widest picture back, of which
    `develop_prepared` makes every other stage but the crops; worth it for READY, and for FIRST
    where no decode is scaled.
    """

    table: tuple[Row, ...]
    stages: tuple[Stage, ...] = (Stage.FIRST, Stage.READY, Stage.LAST)
    focal: Focal | None = None
    max_pixels: int = 64_000_000
    max_side_px: int = 16_383
    max_frames: int = 250
    max_moving_pixels: int = 128_000_000
    threads: int = 2
    keep: bool = False

    def recipes(self, *, animated: bool) -> list[Recipe]:
        """The files to make, in order."""
        return [recipe for recipe in self._every(animated) if recipe.stage in self.stages]

    def decoded_for(self) -> list[Recipe]:
        """The files that the decoded picture has to be large enough for."""
        return [
            recipe
            for recipe in self._every(animated=False)
            if recipe.stage in self.stages or (self.keep and recipe.stage is not Stage.CROPS)
        ]

    def _every(self, animated: bool) -> tuple[Recipe, ...]:
        return recipes_of(presets_of(self.table), animated=animated, focal=self.focal)


@dataclass(frozen=True, slots=True)
class Developed:
    """One rendition. `data` is the file; no byte of it comes from the original's metadata."""

    recipe: Recipe
    size: Size
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Development:
    """What was made, and what the picture is. `size` is the original's, upright.

    `note` tells the owner what could not be kept. The placeholder comes with the first stage.
    """

    size: Size
    renditions: tuple[Developed, ...]
    animated: bool = False
    note: str = ""
    thumb_hash: bytes = b""
    colour: Colour | None = None
    prepared: bytes = field(default=b"", repr=False)


def develop(data: bytes, order: Order) -> Development:
    """Make what is ordered of a file. All is upright, in sRGB and never wider than the original.

    The same file gives the same bytes. Blocks; docs/images.md says for how long, and in how much
    memory. Meant for a process of its own: see `supervision`.

    Raises:
        UnreadableSource: the file is damaged, cut off, or no picture of an accepted format.
    """
    format = accepted_format_of(data)
    frames = frames_of(data, format)
    needed = order.decoded_for()
    # The first stage is in a hurry. What it lets pass, the next one finds.
    strictly = order.stages != (Stage.FIRST,)

    def wanted(size: Size) -> Size:
        if size.pixels > order.max_pixels or max(size.width, size.height) > order.max_side_px:
            raise UnreadableSource(found=f"it has {size.width:,} x {size.height:,} pixels")
        return widest_needed(needed, size)

    picture, original = decoded(data, wanted, strictly=strictly)
    note = _not_kept(frames, original, order)
    if frames == 1 or note:
        return _developed(picture, original, order.recipes(animated=False), order, note=note)
    moving = order.recipes(animated=True)
    return _developed(picture, original, moving, order, movie=partial(film, data, format))


def develop_prepared(data: bytes, order: Order) -> Development:
    """Make what is ordered of a picture that `Order.keep` gave back: without the decode.

    Raises:
        UnreadableSource: it is no such picture.
    """
    picture, original = prepared.unpacked(data)
    return _developed(picture, original, order.recipes(animated=False), order)


def _developed(
    picture: Image,
    original: Size,
    recipes: Sequence[Recipe],
    order: Order,
    *,
    movie: Movie | None = None,
    note: str = "",
) -> Development:
    pictures = pictures_of(recipes, picture, original)
    is_first = Stage.FIRST in order.stages
    with ThreadPoolExecutor(order.threads) as pool:
        begun = _begun(pool, pictures, movie)
        # On this thread, while the others encode.
        thumb = thumbnail(min([picture, *pictures.values()], key=_area)) if is_first else None
        return Development(
            size=original,
            animated=movie is not None,
            note=note,
            thumb_hash=thumb_hash(thumb) if thumb else b"",
            colour=dominant_colour(thumb) if thumb else None,
            prepared=prepared.packed(picture, original) if order.keep and not movie else b"",
            renditions=tuple(
                Developed(recipe, Size(*pictures[recipe].size), file.result())
                for recipe, file in begun.items()
            ),
        )


def _begun(
    pool: ThreadPoolExecutor, pictures: dict[Recipe, Image], movie: Movie | None
) -> dict[Recipe, Future[bytes]]:
    """The files to come, the dearest begun first. Recipes that come out the same share one."""
    dearest_first = sorted(pictures, key=lambda r: (r.format is not AVIF, -_area(pictures[r])))
    jobs: dict[tuple[int, Format, bool], Future[bytes]] = {}
    for recipe in dearest_first:
        picture = pictures[recipe]
        key = (id(picture), recipe.format, recipe.moving)
        if key in jobs:
            continue
        if movie and recipe.moving:
            jobs[key] = pool.submit(movie, Size(*picture.size), recipe.format)
        else:
            jobs[key] = pool.submit(encoded, picture, recipe.format)
    return {r: jobs[id(p), r.format, r.moving] for r, p in pictures.items()}


def _not_kept(frames: int, size: Size, order: Order) -> str:
    """Why an animation stands still, in words; nothing if it doesn't."""
    if frames > order.max_frames:
        return f"Shown by its first frame: it has {frames}, and at most {order.max_frames} move."
    if frames > 1 and frames * size.pixels > order.max_moving_pixels:
        return (
            f"Shown by its first frame: its {frames} frames have {frames * size.pixels / 1e6:.0f} "
            f"megapixels, and at most {order.max_moving_pixels / 1e6:g} move."
        )
    return ""


def _area(picture: Image) -> int:
    return picture.width * picture.height
