// Builds the <picture> of a developed image, as the server does for a page's first cards.

/** How wide a frame of the sheet is, for the browser's choice; the server has the same words. */
const FRAME_SIZES = "(max-width: 44rem) 50vw, 18rem";

/** A small image has the same width in several presets: each width is named once. */
function srcset(renditions) {
  const widths = new Map(renditions.map((rendition) => [rendition.width, rendition.url]));
  return [...widths]
    .sort(([one], [other]) => one - other)
    .map(([width, url]) => `${url} ${width}w`)
    .join(", ");
}

/** Returns the element, or null while there is no JPEG, which every browser shows. */
export function pictureOf(image) {
  const of = (format) => image.renditions.filter((rendition) => rendition.format === format);
  const jpegs = of("jpeg");
  if (jpegs.length === 0) return null;
  const largest = jpegs.reduce((best, one) => (one.width > best.width ? one : best));
  const picture = document.createElement("picture");
  if (of("webp").length > 0) picture.append(source("image/webp", srcset(of("webp"))));
  const shown = document.createElement("img");
  Object.assign(shown, {
    alt: image.file_name,
    width: largest.width,
    height: largest.height,
    loading: "lazy",
    decoding: "async",
    sizes: FRAME_SIZES,
    srcset: srcset(jpegs),
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
  for (const part of copy.children) part.sizes = "100vw";
  copy.querySelector("img").loading = "eager";
  return copy;
}
