// The button that shows a password while it is typed.

for (const button of document.querySelectorAll("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  const word = button.firstChild;
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    word.textContent = shown ? "Hide" : "Show";
    input.focus();
  });
  // A password manager, and the browser's own, look for a password field when the form leaves.
  input.form.addEventListener("submit", () => (input.type = "password"));
}
