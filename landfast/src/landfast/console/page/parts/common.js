// The small parts that every view is made of.
import { Problem } from "console/api.js";
import { clockTime, dateTime, span, t } from "console/language.js";
import { now, useTick } from "console/live.js";
import { html, useEffect, useRef, useState } from "console/preact.js";

/** The states of a record and of an attempt, each with its colour and a shape, since colour alone tells not everybody. */
const KINDS = {
  processed: "good",
  succeed: "good",
  to_destination: "kept",
  dead_lettered: "kept",
  dropped: "bad",
  filtered: "none",
  pending: "open",
  running: "open",
};
const SHAPES = { good: "●", kept: "◆", bad: "■", none: "○", open: "◐" };

/** A state as a badge: shape, colour and word. */
export function State({ of, kind = KINDS[of] ?? "bad", children }) {
  return html`<span class="state ${kind}"><span aria-hidden="true">${SHAPES[kind]}</span> ${children ?? t(`state.${of}`)}</span>`;
}

/** A moment, by its time of day; its title has the date. */
export function Moment({ at }) {
  if (at === null || at === undefined) return html`<span class="quiet">–</span>`;
  return html`<time datetime=${new Date(at * 1000).toISOString()} title=${dateTime(at)}>${clockTime(at)}</time>`;
}

/** How long ago a moment is by the service's clock. */
export function Ago({ at }) {
  useTick();
  return html`<span class="number" title=${dateTime(at)}>${t("time.ago", { span: span(Math.max(0, now() - at)) })}</span>`;
}

/** How long it is until a moment of the service's clock. */
export function Countdown({ due }) {
  useTick(250);
  const left = due - now();
  return html`<span class="number" title=${dateTime(due)}>${left > 0 ? t("time.in", { span: span(left) }) : t("time.now")}</span>`;
}

export function Span({ seconds }) {
  return html`<span class="number">${span(seconds)}</span>`;
}

/** JSON as people read it, or text as it is. */
export function Json({ value, label }) {
  const text = typeof value === "string" ? pretty(value) : JSON.stringify(value, null, 2);
  return html`<pre class="code" tabindex="0" role="region" aria-label=${label}>${text}</pre>`;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** A line that tells something: `good`, `kept`, `bad` or `open`. */
export function Notice({ kind = "open", children }) {
  return html`<p class="notice ${kind}" role=${kind === "bad" ? "alert" : "status"}>${children}</p>`;
}

/** What went wrong with a request, in words. */
export function Trouble({ problem }) {
  if (!problem) return null;
  return html`<${Notice} kind="bad">${problem instanceof Problem && problem.message ? problem.message : t("live.lost")}<//>`;
}

/** What is shown where there is nothing to show. */
export function Empty({ title, children }) {
  return html`<div class="empty"><h2>${title}</h2>${children}</div>`;
}

/** The head of a view: its title, and what can be done. */
export function Head({ title, children }) {
  return html`<header class="head"><h1>${title}</h1><div class="actions">${children}</div></header>`;
}

/** A button that does something which takes a while: it says so, cannot be pressed twice, and shows what went wrong. */
export function Action({ act, kind = "", disabled = false, label, title, children }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const press = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await act();
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  return html`<span class="action">
    <button type="button" class=${kind} disabled=${busy || disabled} aria-busy=${busy} aria-label=${label} title=${title}
      onClick=${press}>${children}</button>
    <${Trouble} problem=${problem} />
  </span>`;
}

/** A dialog that is open as long as it is drawn; Escape closes it. */
export function Dialog({ title, close, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  // A click beside it closes it, but not the second one of a double click: the button that was meant has gone meanwhile.
  const beside = (event) => event.target === dialog.current && event.detail < 2 && dialog.current.close();
  return html`<dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${close} onClick=${beside}>
    <header><h2 id="dialog-title">${title}</h2>
      <button type="button" class="plain" aria-label=${t("dialog.close")} onClick=${() => dialog.current.close()}>×</button></header>
    ${children}
  </dialog>`;
}

/** The icon of a kind of resource, on a 16 by 16 grid: the same as in the pictures of the documentation. */
const ICONS = {
  bucket: "M1 3h14l-2.5 10h-9z",
  stream: "M1 4h14M1 8h14M1 12h14",
  table: "M2 4c0-3 12-3 12 0v8c0 3-12 3-12 0zM2 4c0 3 12 3 12 0",
  queue: "M1.5 3h3.5v10H1.5zM6.3 3h3.5v10H6.3zM11 3h3.5v10H11z",
  topic: "M2 6v4h4l7 4V2L6 6z",
  bus: "M4.5 2h7l3.5 6-3.5 6h-7L1 8z",
  function: "M3 2h3l7 12M7 7l-5 7",
};

export function Icon({ kind }) {
  return html`<svg class="icon k-${kind}" viewBox="0 0 16 16" aria-hidden="true"><path d=${ICONS[kind]} /></svg>`;
}
