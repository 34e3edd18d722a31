// The ways a file comes in: chosen, dropped anywhere on the page, or pasted.

const TYPES_BY_ENDING = { jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", webp: "image/webp", avif: "image/avif", gif: "image/gif", heic: "image/heic", heif: "image/heif" };

/** Some systems don't know the newer formats: then the name decides, and the server looks inside. */
export function typeOf(file) {
  return file.type || TYPES_BY_ENDING[file.name.split(".").pop().toLowerCase()] || "";
}

/** Returns why a file should not be sent, or "" if it may. */
export function refusalOf(file, { types, maxBytes, accepted }) {
  if (!types.includes(typeOf(file))) return `${file.name} is no picture that can be developed. Send ${accepted}.`;
  if (file.size === 0) return `${file.name} is empty (0 bytes). Choose the file again.`;
  if (file.size <= maxBytes) return "";
  const megabytes = (bytes) => `${Math.round(bytes / 100_000) / 10} MB`;
  return `${file.name} is ${megabytes(file.size)}. Up to ${megabytes(maxBytes)} can be sent; make it smaller first.`;
}

function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

function takeDrops(veil, onFiles) {
  let depth = 0;
  const follow = (change) => {
    depth = Math.max(0, change);
    veil.hidden = depth === 0;
  };
  document.addEventListener("dragenter", (event) => holdsFiles(event) && follow(depth + 1));
  document.addEventListener("dragleave", (event) => holdsFiles(event) && follow(depth - 1));
  document.addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    follow(0);
    onFiles([...event.dataTransfer.files]);
  });
}

/** Calls `onFiles` with the files of each choice, drop or paste. */
export function takeFiles({ form, veil, onFiles }) {
  const input = form.querySelector("input[type=file]");
  const takeChosen = () => {
    onFiles([...input.files]);
    input.value = "";
  };
  input.addEventListener("change", takeChosen);
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length > 0) onFiles(files);
  });
  takeDrops(veil, onFiles);
  // Somebody may have chosen before this script had arrived.
  if (input.files.length > 0) takeChosen();
}
