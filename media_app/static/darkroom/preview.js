// Draws a small picture of a local file. The browser decodes it off the main thread and at the
// size that is needed, so that ten originals at once don't make the page stutter.

import { lanes } from "./lanes.js";

/** Pixels of the longer side, enough for a frame on a dense display. */
const SIDE_PX = 480;

const inTurn = lanes(2);

function draw(bitmap, canvas) {
  const scale = Math.min(1, SIDE_PX / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
}

/** Returns a canvas, or null for what this browser can't show: the empty frame stays then. */
export function previewOf(file) {
  return inTurn(async () => {
    try {
      const bitmap = await createImageBitmap(file, { resizeWidth: SIDE_PX, resizeQuality: "medium" });
      const canvas = document.createElement("canvas");
      canvas.setAttribute("aria-hidden", "true");
      draw(bitmap, canvas);
      return canvas;
    } catch {
      return null;
    }
  });
}
