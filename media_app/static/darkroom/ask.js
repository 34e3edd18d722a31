// Asks before something is gone for good.

/** Returns whether the person wants the picture of this name deleted. Escape keeps it. */
export function askToDelete(dialog, name) {
  dialog.querySelector("[data-ask-name]").textContent = name;
  dialog.returnValue = "keep";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "delete"), { once: true });
  });
}
