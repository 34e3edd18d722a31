// One card of the sheet: its frame, its words, its buttons. Knows nothing of the network.

import { pictureOf } from "./picture.js";

export class Card {
  constructor(element) {
    this.element = element;
    for (const part of element.querySelectorAll("[data-needs-script]")) part.hidden = false;
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
    const picture = this.isShown ? null : pictureOf(image);
    if (picture) this.develop(picture);
    this.say(image.state, wordsFor(image));
  }

  /** The preview goes only when the picture has arrived: the frame is never empty between them. */
  develop(picture) {
    const preview = this.part("canvas");
    if (preview) picture.querySelector("img").addEventListener("load", () => preview.remove());
    const button = this.part("[data-open]");
    button.replaceChildren(picture);
    button.hidden = false;
  }
}

function wordsFor(image) {
  if (image.state === "ready") return `Ready, ${image.width} × ${image.height}`;
  return image.state === "failed" ? `Failed: ${image.reason}` : "Developing";
}
