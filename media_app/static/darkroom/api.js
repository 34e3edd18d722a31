// Speaks with the JSON API: the CSRF token, and errors in the server's words.

/** What the server refused. `status` is HTTP's; the message is for a person. */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail || `The server answered ${status}. Try again in a minute.`);
    this.status = status;
  }

  /** Whether the same request may work a little later. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The cookie is read each time: logging in from another tab changes it. */
export function csrfToken() {
  const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]*)/);
  return cookie ? decodeURIComponent(cookie[1]) : document.querySelector("[name=csrfmiddlewaretoken]").value;
}

/** Returns the problem that an answer's text holds. */
export function problemOf(status, text) {
  try {
    return new Problem(status, JSON.parse(text).detail);
  } catch {
    return new Problem(status, "");
  }
}

/** Calls the API; returns its JSON, or null where there is none. Throws a `Problem`. */
export async function call(method, url, data) {
  let answer;
  try {
    const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
    if (data) headers["Content-Type"] = "application/json";
    answer = await fetch(url, { method, headers, credentials: "same-origin", body: data && JSON.stringify(data) });
  } catch {
    throw new Problem(0, "The server can't be reached. Check your connection and try again.");
  }
  const text = await answer.text();
  if (!answer.ok) throw problemOf(answer.status, text);
  return text ? JSON.parse(text) : null;
}
