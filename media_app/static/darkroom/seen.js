// Tells the server which pictures a person has seen the end of: no mail need tell of them.

/** Milliseconds in which more pictures join one request. */
const PAUSE_MS = 1000;
/** Pictures in one request at most. */
const MOST = 500;

export class Seen {
  /** @param {(ids: string[]) => Promise<void>} tell */
  constructor(tell) {
    this.tell = tell;
    this.ids = new Set();
    this.timer = 0;
    document.addEventListener("visibilitychange", () => this.wake());
  }

  /** Call when the page shows an image. What still develops will be shown again. */
  add(image) {
    if (image.state === "developing") return;
    this.ids.add(image.id);
    this.wake();
  }

  /** Nobody sees what a hidden tab shows. */
  wake() {
    if (!document.hidden && this.ids.size > 0) this.timer ||= setTimeout(() => this.send(), PAUSE_MS);
  }

  async send() {
    this.timer = 0;
    if (document.hidden) return;
    const ids = [...this.ids].slice(0, MOST);
    for (const id of ids) this.ids.delete(id);
    this.wake();
    // Where it is not heard, a mail comes: that is better than none.
    await this.tell(ids).catch(() => {});
  }
}
