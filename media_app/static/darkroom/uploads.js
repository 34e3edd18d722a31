// Brings chosen files to the server, three at a time, each with a card that tells how far it is.

import { lanes } from "./lanes.js";
import { previewOf } from "./preview.js";
import { send } from "./send.js";
import { typeOf } from "./intake.js";

export class Uploads {
  /**
   * @param {string} url of the API's images
   * @param {(card: Card, image: object) => void} onAccepted
   * @param {(card: Card) => void} onChange
   */
  constructor(url, { onAccepted, onChange }) {
    Object.assign(this, { url, onAccepted, onChange });
    this.inTurn = lanes(3);
    this.open = new Map();
    this.batches = new Set();
    this.early = new Map();
    window.addEventListener("beforeunload", (event) => this.isBusy && event.preventDefault());
  }

  get isBusy() {
    return [...this.open.values()].some((upload) => !upload.failed);
  }

  /** Keeps the event of an own upload that was quicker than the answer which tells the card's id. */
  keepsEarly(image) {
    const isOwn = this.isBusy && this.batches.has(image.batch);
    if (isOwn) this.early.set(image.id, image);
    return isOwn;
  }

  takeEarly(id) {
    const image = this.early.get(id);
    this.early.delete(id);
    return image;
  }

  /** Takes one drop: pairs of card and file. */
  take(pairs) {
    const batch = newBatch();
    this.batches.add(batch);
    for (const { card, file } of pairs) {
      this.open.set(card, { file, batch });
      this.start(card);
    }
    // The last of a drop stands in front, where the person looks.
    for (const { card, file } of [...pairs].reverse()) {
      previewOf(file).then((canvas) => card.showPreview(canvas));
    }
  }

  has(card) {
    return this.open.has(card);
  }

  /** Sends the file of a card, again if it failed before. */
  async start(card) {
    const upload = Object.assign(this.open.get(card), { failed: false, abort: new AbortController() });
    card.showUpload(0);
    card.say("waiting", `Waiting, ${sizeOf(upload.file)}`);
    this.onChange(card);
    try {
      const image = await this.inTurn(() => send(this.request(card, upload)));
      this.open.delete(card);
      this.onAccepted(card, this.takeEarly(image.id) ?? image);
    } catch (error) {
      if (error.name === "AbortError") return;
      upload.failed = true;
      card.say("failed", `Failed: ${error.message}`);
    }
    this.onChange(card);
  }

  /** Ends an upload whose card is removed. */
  cancel(card) {
    this.open.get(card)?.abort.abort();
    this.open.delete(card);
  }

  request(card, { file, batch, abort }) {
    const query = new URLSearchParams({ filename: file.name, batch });
    return {
      url: `${this.url}?${query}`,
      file,
      type: typeOf(file),
      signal: abort.signal,
      onProgress: (share) => card.showUpload(share),
      findAccepted: () => [...this.early.values()].find((image) => image.batch === batch && image.file_name === file.name),
      onPause: () => card.say("waiting", "Waiting for the connection, then trying again"),
    };
  }
}

function sizeOf(file) {
  return `${(file.size / 1_000_000).toFixed(1)} MB`;
}

/** `crypto.randomUUID` exists on secure origins only; a drop on plain http needs an id too. */
function newBatch() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
