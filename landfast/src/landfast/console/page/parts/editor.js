// A field for a payload: text in which JSON is checked while it is written, and can be laid out.
import { t } from "console/language.js";
import { differences, scan } from "console/parts/json_text.js";
import { html, useId } from "console/preact.js";

const MOST = 20;

/** What is wrong with a text as JSON, in a sentence; null if nothing is. */
export function wrongJson(text) {
  const { wrong, line, column } = scan(text);
  return wrong ? t("editor.wrong", { line, column, what: t(`editor.wrong.${wrong}`) }) : null;
}

/**
 * The field. With `json="must"` text that is no JSON is wrong; with `json="may"` it is only told. With the text that
 * it was `before`, what was changed is told in words, and can be undone.
 */
export function Editor({ label, value, change, json = "must", hint = "", rows = 10, before }) {
  const id = useId();
  const wrong = wrongJson(value);
  const isWrong = json === "must" && wrong !== null;
  return html`<div class="editor">
    <div class="editor-head"><label for=${id}>${label}</label>
      ${before !== undefined && html`<button type="button" class="plain" disabled=${value === before} onClick=${() => change(before)}>${t("editor.undo")}</button>`}
      <button type="button" class="plain" disabled=${wrong !== null} onClick=${() => change(scan(value).formatted)}>${t("editor.layout")}</button></div>
    <textarea id=${id} class="mono" rows=${rows} spellcheck="false" value=${value} aria-invalid=${isWrong} aria-describedby="${id}-told"
      onInput=${(event) => change(event.target.value)}></textarea>
    <p id="${id}-told" class=${isWrong ? "editor-wrong" : "quiet"}>${
      isWrong ? wrong : [value && t(wrong === null ? "editor.json" : "editor.text"), hint].filter(Boolean).join(" · ")
    }</p>
    ${before !== undefined && !isWrong && html`<${Changes} before=${before} after=${value} />`}
  </div>`;
}

/** What was changed, in words. */
function Changes({ before, after }) {
  if (before === after) return html`<p class="quiet">${t("editor.same")}</p>`;
  const found = differences(before, after);
  if (found === null) return html`<p>${t("editor.lengths", { before: before.length, after: after.length })}</p>`;
  if (found.length === 0) return html`<p class="quiet">${t("editor.laidout")}</p>`;
  return html`<div class="editor-changes">
    <p>${t("editor.changes", { count: found.length })}</p>
    <ul>${found.slice(0, MOST).map((each) => html`<li key=${each.path}><${Change} ...${each} /></li>`)}</ul>
  </div>`;
}

function Change({ path, before, after }) {
  const kind = before === undefined ? "added" : after === undefined ? "removed" : "changed";
  return html`<code>${path}</code> <span class="quiet">${t(`editor.${kind}`)}</span>
    ${before !== undefined && html` <del>${before}</del>`}${kind === "changed" && " → "}${after !== undefined && html` <ins>${after}</ins>`}`;
}
