// Wires the page: files to uploads, answers and events to cards, buttons to what they do.

import { call } from "./api.js";
import { askToDelete } from "./ask.js";
import { refusalOf, takeFiles } from "./intake.js";
import { Live } from "./live.js";
import { Seen } from "./seen.js";
import { Sheet } from "./sheet.js";
import { Summary } from "./summary.js";
import { Uploads } from "./uploads.js";
import { Viewer } from "./viewer.js";

const root = document.querySelector("[data-gallery]");
const { imagesUrl, eventsUrl, maxBytes, accepted, firstPage } = root.dataset;
const intake = root.querySelector("[data-intake]");

document.documentElement.classList.add("scripted");
for (const part of root.querySelectorAll("[data-needs-script]")) part.hidden = false;
for (const part of root.querySelectorAll("[data-plain]")) part.remove();

const sheet = new Sheet(root);
const summary = new Summary(root.querySelector("[data-summary]"), sheet.cards);
const viewer = new Viewer(root.querySelector("[data-viewer]"), sheet, async (card, point) => {
  show(card, await call("PATCH", card.url, { focal_point: point }));
});
const seen = new Seen((ids) => call("POST", `${imagesUrl}/seen`, { ids }));
const uploads = new Uploads(imagesUrl, { onAccepted: show, onChange: () => summary.update() });
const live = new Live({
  url: eventsUrl,
  onImage,
  onDeleted: (id) => forget(sheet.byId(id)),
  isWaiting: () => sheet.developing().length > 0,
  ask: async () => {
    for (const card of sheet.developing()) await refresh(card);
  },
});

takeFiles({ form: intake, veil: root.querySelector("[data-drop]"), onFiles });
root.querySelector("[data-sheet]").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const card = button && sheet.byElement(button);
  if (!card) return;
  if ("open" in button.dataset) viewer.open(card);
  if ("retry" in button.dataset) retry(card);
  if ("delete" in button.dataset) remove(card);
});

function onFiles(files) {
  const limits = { types: intake.querySelector("input[type=file]").accept.split(","), maxBytes: Number(maxBytes), accepted };
  const refusals = files.map((file) => refusalOf(file, limits));
  root.querySelector("[data-refusals]").replaceChildren(...refusals.filter(Boolean).map(complaint));
  const pairs = files.filter((_, place) => !refusals[place]).map((file) => ({ file, card: sheet.add(file.name) }));
  for (const { card } of pairs) summary.follow(card);
  uploads.take(pairs);
}

function complaint(words) {
  const line = document.createElement("li");
  line.className = "message message--error";
  line.textContent = words;
  return line;
}

function show(card, image) {
  card.show(image);
  seen.add(image);
  summary.update();
  live.wake();
}

function onImage(image) {
  const card = sheet.byId(image.id);
  if (card) return show(card, image);
  if (uploads.keepsEarly(image)) return;
  if (firstPage === "yes" && sheet.isNews(image)) {
    const added = sheet.add(image.file_name);
    summary.follow(added);
    show(added, image);
  }
}

async function refresh(card) {
  try {
    show(card, await call("GET", card.url));
  } catch (problem) {
    if (problem.status === 404) forget(card);
  }
}

async function retry(card) {
  if (uploads.has(card)) return uploads.start(card);
  summary.follow(card);
  await orComplain(async () => show(card, await call("POST", `${card.url}/retry`)));
}

async function remove(card) {
  if (!card.id) return forget(card);
  if (!(await askToDelete(root.querySelector("[data-ask]"), card.name))) return;
  await orComplain(async () => {
    await call("DELETE", card.url).catch(unlessGone);
    forget(card);
  });
}

function unlessGone(problem) {
  if (problem.status !== 404) throw problem;
}

function forget(card) {
  if (!card) return;
  uploads.cancel(card);
  sheet.remove(card);
  summary.forget(card);
}

async function orComplain(act) {
  try {
    await act();
  } catch (problem) {
    root.querySelector("[data-refusals]").replaceChildren(complaint(problem.message));
  }
}
