// Ticks all letters of a page at once; without it, each can be ticked.
const all = document.getElementById("tick-all");
if (all) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const each of document.querySelectorAll("table.letters tbody input[type=checkbox]")) {
      each.checked = all.checked;
    }
  });
}
