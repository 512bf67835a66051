// A field for JSON: says at once where it is wrong, lays it out, and tells what was changed.
import { t } from "console/language.js";
import { differences, scan } from "console/parts/json_text.js";
import { html, useId } from "console/preact.js";

const MOST = 20;

/** Whether a text may be sent: JSON where it has to be JSON. */
export const isRight = (text, json) => !json || !scan(text).wrong;

export function JsonEditor({ label, before, text, json, change }) {
  const id = useId();
  const read = json ? scan(text) : {};
  return html`<div class="editor">
    <label for=${id}>${label}</label>
    <textarea id=${id} rows=${Math.min(18, Math.max(6, text.split("\n").length))} spellcheck="false" autocapitalize="off"
      value=${text} aria-invalid=${read.wrong ? "true" : undefined} aria-describedby="${id}-told"
      onInput=${(event) => change(event.target.value)}></textarea>
    <div class="editor-foot">
      <p id="${id}-told" role="status" class=${read.wrong ? "wrong" : "quiet"}>
        ${read.wrong ? t("editor.wrong", { ...read, what: t(`editor.wrong.${read.wrong}`) }) : json ? t("editor.right") : t("editor.text")}
      </p>
      ${json && html`<button type="button" class="plain" disabled=${Boolean(read.wrong) || read.formatted === text}
        onClick=${() => change(read.formatted)}>${t("editor.format")}</button>`}
      <button type="button" class="plain" disabled=${text === before} onClick=${() => change(before)}>${t("editor.reset")}</button>
    </div>
    ${!read.wrong && html`<${Changes} before=${before} after=${text} json=${json} />`}
  </div>`;
}

/** What was changed, in words. */
function Changes({ before, after, json }) {
  if (before === after) return html`<p class="quiet">${t("editor.same")}</p>`;
  if (!json) return html`<p>${t("editor.lengths", { before: before.length, after: after.length })}</p>`;
  const found = differences(before, after);
  if (found.length === 0) return html`<p class="quiet">${t("editor.layout")}</p>`;
  return html`<div class="changes">
    <p>${t("editor.changes", { count: found.length })}</p>
    <ul>${found.slice(0, MOST).map((each) => html`<li key=${each.path}><${Change} ...${each} /></li>`)}</ul>
  </div>`;
}

function Change({ path, before, after }) {
  const kind = before === undefined ? "added" : after === undefined ? "removed" : "changed";
  return html`<code>${path}</code> <span class="quiet">${t(`editor.${kind}`)}</span>
    ${before !== undefined && html` <del>${before}</del>`}${kind === "changed" && " → "}${after !== undefined && html` <ins>${after}</ins>`}`;
}
