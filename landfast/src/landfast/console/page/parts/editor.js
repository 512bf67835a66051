// A field for a payload: text in which JSON is checked while it is written, and can be laid out.
import { t } from "console/language.js";
import { html, useId } from "console/preact.js";

/** What is wrong with a text as JSON, in the browser's words; null if nothing is. */
export function wrongJson(text) {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error.message;
  }
}

/**
 * The field. With `json="must"` text that is no JSON is wrong; with `json="may"` it is only told.
 */
export function Editor({ label, value, change, json = "must", hint = "", rows = 10 }) {
  const id = useId();
  const wrong = wrongJson(value);
  const isWrong = json === "must" && wrong !== null;
  const layOut = () => change(JSON.stringify(JSON.parse(value), null, 2));
  return html`<div class="editor">
    <div class="editor-head"><label for=${id}>${label}</label>
      <button type="button" class="plain" disabled=${wrong !== null} onClick=${layOut}>${t("editor.layout")}</button></div>
    <textarea id=${id} class="mono" rows=${rows} spellcheck="false" value=${value} aria-invalid=${isWrong} aria-describedby="${id}-told"
      onInput=${(event) => change(event.target.value)}></textarea>
    <p id="${id}-told" class=${isWrong ? "editor-wrong" : "quiet"}>${
      isWrong ? t("editor.wrong", { why: wrong }) : [value && t(wrong === null ? "editor.json" : "editor.text"), hint].filter(Boolean).join(" · ")
    }</p>
  </div>`;
}
