// Tells what happens on the server: by its event stream, by asking while the stream is silent.
// A hidden tab holds no stream: a browser allows six connections to one site over HTTP/1.1.

const POLL_MS = 3000;
const SILENCE_MS = 10000;
const REOPEN_MS = 5000;

/**
 * @param {object} watcher
 * @param {string} watcher.url of the stream
 * @param {(image: object) => void} watcher.onImage
 * @param {(id: string) => void} watcher.onDeleted
 * @param {() => boolean} watcher.isWaiting whether anything still develops
 * @param {() => Promise<void>} watcher.ask fetches what develops
 */
export class Live {
  constructor(watcher) {
    this.watcher = watcher;
    this.stream = null;
    this.timer = 0;
    this.heardAt = 0;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open()));
    window.addEventListener("pagehide", () => this.close());
    window.addEventListener("pageshow", () => this.open());
    this.open();
  }

  open() {
    if (this.stream || document.hidden) return;
    const stream = new EventSource(this.watcher.url);
    this.stream = stream;
    // What happened before the stream was open is asked for once.
    stream.onopen = () => this.ask();
    stream.onerror = () => stream.readyState === EventSource.CLOSED && this.reopenLater(stream);
    stream.addEventListener("image", (event) => this.hear(() => this.watcher.onImage(JSON.parse(event.data))));
    stream.addEventListener("deleted", (event) => this.hear(() => this.watcher.onDeleted(JSON.parse(event.data).id)));
    this.wake();
  }

  close() {
    this.stream?.close();
    this.stream = null;
  }

  reopenLater(stream) {
    if (this.stream !== stream) return;
    this.close();
    setTimeout(() => this.open(), REOPEN_MS);
  }

  hear(tell) {
    this.heardAt = Date.now();
    tell();
  }

  /** Call when something begins to develop. */
  wake() {
    if (this.timer || !this.watcher.isWaiting()) return;
    this.heardAt = Date.now();
    this.timer = setTimeout(() => this.tick(), POLL_MS);
  }

  async tick() {
    if (this.isSilent && !document.hidden) await this.ask();
    this.timer = 0;
    if (!document.hidden && this.watcher.isWaiting()) this.timer = setTimeout(() => this.tick(), POLL_MS);
  }

  get isSilent() {
    return this.stream?.readyState !== EventSource.OPEN || Date.now() - this.heardAt > SILENCE_MS;
  }

  async ask() {
    if (this.watcher.isWaiting()) await this.watcher.ask();
  }
}
