// The focal point in the large view: set by a click, or by arrow keys and Enter.

/** How far an arrow key moves the point, as a fraction of the picture. */
const STEP = 0.02;
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

const within = (value) => Math.min(Math.max(value, 0), 1);
const percent = (value) => `${Math.round(100 * value)} %`;

export class FocalPoint {
  /** `save(card, point)` stores a point; it may throw, with words for a person. */
  constructor(dialog, save) {
    this.frame = dialog.querySelector("[data-viewer-frame]");
    this.button = dialog.querySelector("[data-focal]");
    this.words = dialog.querySelector("[data-focal-words]");
    this.save = save;
    this.isOn = false;
    this.mark = document.createElement("span");
    this.mark.className = "viewer__point";
    this.button.addEventListener("click", () => (this.isOn ? this.leave() : this.begin()));
    this.frame.addEventListener("click", (event) => this.isOn && this.onClick(event));
    window.addEventListener("resize", () => this.isOn && this.place());
  }

  show(card) {
    this.card = card;
    this.leave();
  }

  begin() {
    const [x, y] = (this.card.element.dataset.focal ?? "0.5 0.5").split(" ").map(Number);
    this.point = { x, y };
    this.isOn = true;
    this.button.setAttribute("aria-pressed", "true");
    this.frame.classList.add("viewer__frame--pointing");
    this.frame.append(this.mark);
    this.say("Click what matters, or move the point with the arrow keys and press Enter. ");
  }

  leave() {
    this.isOn = false;
    this.button.setAttribute("aria-pressed", "false");
    this.frame.classList.remove("viewer__frame--pointing");
    this.mark.remove();
    this.words.textContent = "";
  }

  /** Returns whether the key was for the point. */
  onKey(event) {
    if (!this.isOn) return false;
    if (event.key in ARROWS) {
      const [x, y] = ARROWS[event.key];
      this.point = { x: within(this.point.x + x), y: within(this.point.y + y) };
      this.say("");
    } else if (event.key === "Enter" && (event.target === this.button || !event.target.closest("button"))) {
      this.keep();
    } else if (event.key === "Escape") {
      this.leave();
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }

  onClick(event) {
    const box = this.shown();
    this.point = { x: within((event.clientX - box.left) / box.width), y: within((event.clientY - box.top) / box.height) };
    this.say("");
    this.keep();
  }

  async keep() {
    const { card, point } = this;
    try {
      await this.save(card, point);
      if (this.card === card && this.isOn) this.say("The crops follow this point. ");
    } catch (problem) {
      if (this.card === card && this.isOn) this.say(`${problem.message} `);
    }
  }

  /** The words take room from the picture: the mark is placed after them. */
  say(words) {
    this.words.textContent = `${words}${percent(this.point.x)} from the left, ${percent(this.point.y)} from the top.`;
    this.place();
  }

  place() {
    const box = this.shown();
    const frame = this.frame.getBoundingClientRect();
    this.mark.style.left = `${box.left - frame.left + this.point.x * box.width}px`;
    this.mark.style.top = `${box.top - frame.top + this.point.y * box.height}px`;
  }

  /** Where the picture is on the window, without what `object-fit` leaves free around it. */
  shown() {
    const image = this.frame.querySelector("img");
    const box = image.getBoundingClientRect();
    const natural = { width: Number(image.getAttribute("width")), height: Number(image.getAttribute("height")) };
    const scale = Math.min(box.width / natural.width, box.height / natural.height);
    const width = natural.width * scale;
    const height = natural.height * scale;
    return { left: box.left + (box.width - width) / 2, top: box.top + (box.height - height) / 2, width, height };
  }
}
