// Asks the console's API. In a report file, which has no server, what it would answer lies in the file.

const ROOT = "/_landfast/api";
const KEPT = "landfast.token";

/** What a report file holds, by path; null where a server answers. */
export const report = JSON.parse(document.getElementById("report")?.textContent ?? "null");

/** A request that was refused, or that nobody has answered; its message is for people. */
export class Problem extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/** Keep the token of the URL for this tab, and take it out of what the address bar and the history show. */
export function keepToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) {
    sessionStorage.setItem(KEPT, token);
    history.replaceState(null, "", location.pathname);
  }
}

/** Whether this tab may change something. */
export const mayChange = () => Boolean(sessionStorage.getItem(KEPT));

export const get = (path, options) => ask("GET", path, undefined, options);
export const post = (path, content = {}, options) => ask("POST", path, content, options);
export const remove = (path, options) => ask("DELETE", path, undefined, options);

async function ask(method, path, content, { signal } = {}) {
  if (report) {
    const { answered } = await import("console/report.js");
    const answer = method === "GET" ? answered(report, path) : undefined;
    if (answer === undefined) throw new Problem(`${path.split("/").at(-1)} is not in this file`, 404);
    return answer;
  }
  const headers = { "X-Landfast-Token": sessionStorage.getItem(KEPT) ?? "" };
  if (content !== undefined) headers["Content-Type"] = "application/json";
  const body = content === undefined ? undefined : JSON.stringify(content);
  let response;
  try {
    response = await fetch(ROOT + path, { method, headers, body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("", 0);
  }
  const answer = await response.json();
  if (!response.ok) throw new Problem(answer.message, response.status);
  return answer;
}
