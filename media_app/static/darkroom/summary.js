// Says how far a drop is, in one line that screen readers announce when there is a pause.

/** Milliseconds between two announcements. */
const PAUSE_MS = 700;

export class Summary {
  constructor(element, cards) {
    this.element = element;
    this.timer = 0;
    this.followed = new Set(cards.filter((card) => card.state === "developing"));
    this.update();
  }

  /** Counts a card; a drop after everything had ended starts a new count. */
  follow(card) {
    if ([...this.followed].every(hasEnded)) this.followed.clear();
    this.followed.add(card);
    this.update();
  }

  forget(card) {
    this.followed.delete(card);
    this.update();
  }

  update() {
    this.timer ||= setTimeout(() => this.say(), PAUSE_MS);
  }

  say() {
    this.timer = 0;
    const cards = [...this.followed];
    const count = (state) => cards.filter((card) => card.state === state).length;
    const failed = count("failed") ? `, ${count("failed")} failed` : "";
    const words = cards.length ? `${count("ready")} of ${cards.length} developed${failed}` : "";
    if (this.element.textContent !== words) this.element.textContent = words;
  }
}

function hasEnded(card) {
  return card.state === "ready" || card.state === "failed";
}
