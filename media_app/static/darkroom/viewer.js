// The large view: one picture over the whole window, arrow keys to the next.

import { FocalPoint } from "./focal.js";
import { enlarged } from "./picture.js";

export class Viewer {
  constructor(dialog, sheet, savePoint) {
    this.focal = new FocalPoint(dialog, savePoint);
    this.dialog = dialog;
    this.sheet = sheet;
    this.card = null;
    const on = (part, act) => dialog.querySelector(`[data-viewer-${part}]`).addEventListener("click", act);
    on("previous", () => this.step(-1));
    on("next", () => this.step(1));
    on("close", () => dialog.close());
    dialog.addEventListener("keydown", (event) => this.onKey(event));
    dialog.addEventListener("close", () => this.onClose());
  }

  open(card) {
    this.show(card);
    this.dialog.showModal();
  }

  show(card) {
    const shown = this.shown();
    this.card = card;
    this.dialog.querySelector("[data-viewer-frame]").replaceChildren(enlarged(card.part("picture")));
    this.focal.show(card);
    const place = shown.length > 1 ? ` (${shown.indexOf(card) + 1} of ${shown.length})` : "";
    this.dialog.querySelector("[data-viewer-name]").textContent = card.name + place;
    for (const part of ["previous", "next"]) {
      this.dialog.querySelector(`[data-viewer-${part}]`).hidden = shown.length < 2;
    }
  }

  step(by) {
    const shown = this.shown();
    if (shown.length === 0) return;
    const place = shown.indexOf(this.card) + by + shown.length;
    this.show(shown[place % shown.length]);
  }

  onKey(event) {
    if (this.focal.onKey(event)) return;
    if (event.key === "ArrowRight") this.step(1);
    if (event.key === "ArrowLeft") this.step(-1);
  }

  onClose() {
    this.focal.leave();
    this.dialog.querySelector("[data-viewer-frame]").replaceChildren();
    this.card?.part("[data-open]").focus();
  }

  shown() {
    return this.sheet.cards.filter((card) => card.isShown);
  }
}
