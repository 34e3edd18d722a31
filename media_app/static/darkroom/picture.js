// Builds the <picture> of a developed image, as the server does for a page's first cards.

/** How wide a frame of the sheet is, for the browser's choice; the server has the same words. */
const FRAME_SIZES = "(max-width: 44rem) 50vw, 18rem";

/** The formats of <source>, the lightest first: a browser takes the first that it knows. */
const SOURCES = ["avif", "webp"];

/** A small image has the same width in several presets: each width is named once. */
function srcset(renditions) {
  const widths = new Map(renditions.map((rendition) => [rendition.width, rendition.url]));
  return [...widths]
    .sort(([one], [other]) => one - other)
    .map(([width, url]) => `${url} ${width}w`)
    .join(", ");
}

/** Returns the element, or null while there is nothing to show. A preview stands in for the JPEG. */
export function pictureOf(image) {
  const whole = image.renditions.filter((rendition) => !rendition.crop);
  const of = (format) => whole.filter((rendition) => rendition.format === format);
  const fallbacks = of("jpeg").length > 0 ? of("jpeg") : whole;
  if (fallbacks.length === 0) return null;
  const largest = fallbacks.reduce((best, one) => (one.width > best.width ? one : best));
  const picture = document.createElement("picture");
  for (const format of SOURCES) {
    if (of(format).length > 0) picture.append(source(`image/${format}`, srcset(of(format))));
  }
  const shown = document.createElement("img");
  Object.assign(shown, {
    alt: image.file_name,
    width: largest.width,
    height: largest.height,
    loading: "lazy",
    decoding: "async",
    src: largest.url,
  });
  picture.append(shown);
  return picture;
}

function source(type, set) {
  const element = document.createElement("source");
  Object.assign(element, { type, sizes: FRAME_SIZES, srcset: set });
  return element;
}

/** Returns a copy of a picture that may fill the window. */
export function enlarged(picture) {
  const copy = picture.cloneNode(true);
  for (const part of copy.querySelectorAll("source")) part.sizes = "100vw";
  copy.querySelector("img").loading = "eager";
  return copy;
}
