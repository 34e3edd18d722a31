"""Brings pixels to 8-bit sRGB, by their colour profile where there is one."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageCms

_WHITE = (255, 255, 255)

#: Largest difference, of 255, that passes for "is sRGB already".
_SAME = 1


def eight_bit(picture: Image.Image) -> Image.Image:
    """The picture as L, RGB, RGBA or CMYK: shades not clipped, any transparency as alpha."""
    if picture.mode.startswith("I"):
        # Pillow's own conversion clips: all above 255 of 65,535 would turn white.
        return picture.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if picture.mode == "RGBA":
        return picture
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode in {"L", "RGB", "CMYK"}:
        return picture
    return picture.convert("RGB")


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """An RGB picture in sRGB, or RGBA if something of it is transparent.

    Args:
        picture: as `eight_bit` gives it.
        profile: the ICC profile its numbers are meant in. One that is damaged, or made for another
            kind of picture, counts as none: sRGB then, and the plain conversion for CMYK.
    """
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    colours = picture if alpha is None else picture.convert("RGB")
    converted = _by_profile(colours, profile) if profile else None
    result = colours.convert("RGB") if converted is None else converted
    if alpha is not None and alpha.getextrema() != (255, 255):
        result.putalpha(alpha)
    return result


def on_white(picture: Image.Image) -> Image.Image:
    """The picture as RGB, white where it is transparent."""
    if picture.mode == "RGB":
        return picture
    ground = Image.new("RGB", picture.size, _WHITE)
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def _by_profile(picture: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture in sRGB, relative colorimetric; None if the profile doesn't fit or change it."""
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            picture.mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )
        if picture.mode == "RGB" and _changes_nothing(transform):
            return None
        return ImageCms.applyTransform(picture, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether 512 colours come out as they went in: most profiles say sRGB, under many names."""
    steps = [round(step * 255 / 7) for step in range(8)]
    colours = bytes(value for r in steps for g in steps for b in steps for value in (r, g, b))
    probe = Image.frombytes("RGB", (64, 8), colours)
    shown = ImageCms.applyTransform(probe, transform)
    if shown is None:
        return False
    return all(abs(a - b) <= _SAME for a, b in zip(colours, shown.tobytes(), strict=True))
