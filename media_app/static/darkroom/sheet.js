// The list of cards: finds, adds and removes them, and keeps the keyboard's place.

import { Card } from "./card.js";

export class Sheet {
  constructor(root) {
    this.list = root.querySelector("[data-sheet]");
    this.template = root.querySelector("[data-card-template]");
    this.empty = root.querySelector("[data-empty]");
    this.cards = [...this.list.children].map((element) => new Card(element));
  }

  /** Returns a new card at the front. */
  add(name) {
    const card = Card.create(this.template, name);
    this.list.prepend(card.element);
    this.cards.unshift(card);
    this.empty.hidden = true;
    return card;
  }

  remove(card) {
    const place = this.cards.indexOf(card);
    if (place < 0) return;
    const hadFocus = card.element.contains(document.activeElement);
    this.cards.splice(place, 1);
    card.element.remove();
    this.empty.hidden = this.cards.length > 0;
    if (hadFocus || document.activeElement === document.body) this.focusNear(place);
  }

  focusNear(place) {
    const neighbour = this.cards[Math.min(place, this.cards.length - 1)];
    (neighbour?.part("[data-delete]") ?? document.querySelector("#files")).focus();
  }

  byId(id) {
    return this.cards.find((card) => card.id === id);
  }

  byElement(element) {
    return this.cards.find((card) => card.element.contains(element));
  }

  developing() {
    return this.cards.filter((card) => card.id && card.state === "developing");
  }

  /** Whether an image is newer than all that came from the server: it belongs to the front. */
  isNews(image) {
    return this.cards.every((card) => !card.createdAt || new Date(card.createdAt) < new Date(image.created_at));
  }
}
