// Draws what stands in a picture's place until it has loaded, as the server does: its colour, and
// over it a blurred picture of a few pixels, in the shape of the picture.

const SVG = "http://www.w3.org/2000/svg";

function part(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Returns the drawing, or null while there is none. */
export function placeholderOf(image) {
  if (!image.placeholder) return null;
  const { width, height } = image;
  const drawing = part("svg", { class: "card__placeholder", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  drawing.append(
    part("rect", { width, height, fill: image.colour }),
    part("image", { href: image.placeholder, width, height, preserveAspectRatio: "none" }),
  );
  return drawing;
}
