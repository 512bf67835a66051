// The place in the page, kept in the URL's fragment: `#/events?function=Worker`, `#/events/ID`.
import { useEffect, useState } from "console/preact.js";

/** The place: the view, the parts behind it, and the query. */
export function place() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [view, ...parts] = path.split("/").map(decodeURIComponent);
  return { view, parts, query: Object.fromEntries(new URLSearchParams(query)) };
}

/** The link to a place; empty values of the query are left out. */
export function link(view, parts = [], query = {}) {
  const path = [view, ...parts].map(encodeURIComponent).join("/");
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  return `#/${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

const PAGES = { queue: "queues", stream: "streams", table: "streams", function: "functions" };

/** The link to the page of a resource, by its kind; none for a kind that has no page. */
export const linkTo = (kind, name) => PAGES[kind] && link(PAGES[kind], [name]);

/**
 * Go to a place; with `replace` the one before is not kept in the history: for filters that are typed. That is within a
 * view: whoever has gone to another one meanwhile stays there.
 */
export function go(target, { replace = false } = {}) {
  if (replace) {
    if (target.split(/[/?]/, 2)[1] !== location.hash.split(/[/?]/, 2)[1]) return;
    history.replaceState(null, "", target);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = target;
}

/** The place, drawn again when it changes. */
export function usePlace() {
  const [, draw] = useState(0);
  useEffect(() => {
    const listener = () => draw((count) => count + 1);
    addEventListener("hashchange", listener);
    return () => removeEventListener("hashchange", listener);
  }, []);
  return place();
}
