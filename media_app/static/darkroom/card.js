// One card of the sheet: its frame, its words, its buttons. Knows nothing of the network.

import { pictureOf } from "./picture.js";
import { placeholderOf } from "./placeholder.js";

/** What is said of one whose last stage failed; the server has the same words. */
const LACK = "Its lightest files could not be made.";

export class Card {
  constructor(element) {
    this.element = element;
    for (const part of element.querySelectorAll("[data-needs-script]")) part.hidden = false;
    this.watch(this.part("[data-open] img"));
  }

  static create(template, name) {
    const card = new Card(template.content.firstElementChild.cloneNode(true));
    card.name = name;
    card.part("[data-delete]").textContent = "Remove";
    return card;
  }

  part(selector) {
    return this.element.querySelector(selector);
  }

  get id() { return this.element.dataset.id; }
  get url() { return this.element.dataset.url; }
  get state() { return this.element.dataset.state; }
  get name() { return this.element.dataset.name; }
  get createdAt() { return this.element.dataset.created; }
  get isShown() { return !this.part("[data-open]").hidden; }

  set name(name) {
    this.element.dataset.name = name;
    const title = this.part(".card__name");
    title.textContent = title.title = name;
    this.part("progress").setAttribute("aria-label", `Upload of ${name}`);
    this.part("[data-open]").setAttribute("aria-label", `Open ${name} large`);
    this.part("[data-retry]").setAttribute("aria-label", `Try ${name} again`);
    this.part("[data-delete]").setAttribute("aria-label", `Delete ${name}`);
  }

  /** Sets the state, and the words for it. */
  say(state, words) {
    this.element.dataset.state = state;
    this.part("[data-words]").textContent = words;
    this.part("progress").hidden = state !== "uploading" && state !== "waiting";
    this.part("[data-retry]").hidden = state !== "failed";
  }

  /** Shows how much of the file has left; `share` is 0 to 1. */
  showUpload(share) {
    const percent = Math.floor(share * 100);
    this.part("progress").value = percent;
    this.say("uploading", `Uploading ${percent} %`);
  }

  /** Shows the local preview under the developing light, unless the real picture was quicker. */
  showPreview(canvas) {
    if (canvas && !this.isShown) this.part(".card__frame").prepend(canvas);
  }

  /** Shows an image as the API describes it. */
  show(image) {
    Object.assign(this.element.dataset, { id: image.id, url: image.url, created: image.created_at });
    if (this.name !== image.file_name) this.name = image.file_name;
    this.part("[data-delete]").textContent = "Delete";
    this.element.dataset.focal = `${image.focal_point.x} ${image.focal_point.y}`;
    this.showPlaceholder(image);
    // A preview gives way to the whole set once, and that stays: it need not load again.
    const wasReady = this.isShown && this.state === "ready";
    const picture = wasReady ? null : pictureOf(image);
    if (picture) this.develop(picture);
    this.say(image.state, wordsFor(image));
    const lacks = image.state === "ready" && image.reason;
    if (lacks) this.part("[data-retry]").hidden = false;
    this.showNote([image.note, lacks && LACK].filter(Boolean).join(" "));
  }

  showNote(words) {
    const note = this.part("[data-note]");
    note.textContent = words;
    note.hidden = words === "";
  }

  /** Where there is no local preview, the frame is not empty either. */
  showPlaceholder(image) {
    if (this.isShown || this.part("canvas") || this.part(".card__placeholder")) return;
    const drawing = placeholderOf(image);
    if (drawing) this.part(".card__frame").prepend(drawing);
  }

  /** What is under the picture goes only when that has arrived: the frame is never empty. */
  develop(picture) {
    const button = this.part("[data-open]");
    const shown = picture.querySelector("img");
    const place = () => {
      button.replaceChildren(picture);
      button.hidden = false;
    };
    if (button.hidden) {
      place();
    } else {
      shown.loading = "eager";
      shown.addEventListener("load", place, { once: true });
      shown.addEventListener("error", place, { once: true });
    }
    this.watch(shown);
  }

  /** Takes away what is under a picture as soon as it has loaded. */
  watch(shown) {
    const clear = () => this.element.querySelectorAll(".card__frame > canvas, .card__placeholder").forEach((under) => under.remove());
    if (shown?.complete && shown.naturalWidth > 0) clear();
    else shown?.addEventListener("load", clear, { once: true });
  }
}

function wordsFor(image) {
  if (image.state === "ready") return `Ready, ${image.width} × ${image.height}`;
  return image.state === "failed" ? `Failed: ${image.reason}` : "Developing";
}
