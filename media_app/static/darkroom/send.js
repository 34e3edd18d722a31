// Sends one file as the raw body, tells its progress, and repeats what the network broke.

import { Problem, csrfToken, problemOf } from "./api.js";

/** Milliseconds before the first, second and third repetition. */
const PAUSES_MS = [1000, 3000, 9000];

const UNREACHABLE = "The connection broke. Check it and try again.";

/** XMLHttpRequest, because `fetch` can't tell how much of a body has left. */
function sendOnce({ url, file, type, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = (error) => reject(error);
    request.open("POST", url);
    request.setRequestHeader("Content-Type", type);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.upload.onprogress = (event) => onProgress(event.loaded / (event.total || file.size));
    request.onerror = () => fail(new Problem(0, UNREACHABLE));
    request.onabort = () => fail(new DOMException("The upload was removed.", "AbortError"));
    request.onload = () => {
      if (request.status === 202) resolve(JSON.parse(request.responseText));
      else fail(problemOf(request.status, request.responseText));
    };
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const jitter = milliseconds * 0.3 * Math.random();
    const timer = setTimeout(resolve, milliseconds + jitter);
    const stop = () => {
      clearTimeout(timer);
      reject(new DOMException("The upload was removed.", "AbortError"));
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** Returns the JSON of the accepted image. Throws a `Problem`, or an AbortError after `signal`. */
export async function send(upload) {
  for (const wait of PAUSES_MS) {
    upload.signal.throwIfAborted();
    try {
      return await sendOnce(upload);
    } catch (error) {
      if (!(error instanceof Problem) || !error.passes) throw error;
      upload.onPause();
      await pause(wait, upload.signal);
    }
    // The server may have taken the file, and only its answer was lost.
    const accepted = upload.findAccepted();
    if (accepted) return accepted;
  }
  return sendOnce(upload);
}
