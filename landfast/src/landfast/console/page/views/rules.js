// The delivery rules with their evidence, as docs/rules.md has them.
import { t } from "console/language.js";
import { useFetched } from "console/live.js";
import { Empty, Head, Trouble } from "console/parts/common.js";
import { html, useState } from "console/preact.js";
import { link } from "console/route.js";

export function Rules({ parts: [id] }) {
  return id ? html`<${One} id=${id} />` : html`<${All} />`;
}

function All() {
  const { data, problem } = useFetched("/rules", { follow: false });
  const [text, setText] = useState("");
  const found = data?.filter((rule) => `${rule.id} ${rule.title}`.toLowerCase().includes(text.trim().toLowerCase()));
  return html`
    <${Head} title=${t("rules.title")}>
      <label><span class="hidden">${t("rules.find")}</span>
        <input type="search" placeholder=${t("rules.find")} value=${text} onInput=${(event) => setText(event.target.value)} /></label>
    <//>
    <${Trouble} problem=${problem} />
    ${found?.length === 0 && html`<${Empty} title=${t("rules.none")} />`}
    <ul class="rule-list card" lang="en">
      ${found?.map((rule) => html`<li key=${rule.id}><a href=${link("rules", [rule.id])}>${rule.id}</a>${inline(rule.title)}</li>`)}
    </ul>`;
}

function One({ id }) {
  const { data: rule, problem } = useFetched(`/rules/${encodeURIComponent(id)}`, { follow: false });
  return html`
    <${Head} title=${rule ? html`${id} <span lang="en">${inline(rule.title)}</span>` : id}>
      <a class="button" href=${link("rules")}>${t("rules.all")}</a>
    <//>
    <${Trouble} problem=${problem} />
    ${rule && html`<article class="rule-text card" lang="en">${blocks(rule.text)}</article>
      <p class="quiet">${t("rules.english")}</p>`}`;
}

/** The little Markdown that the rules are written in: paragraphs, lists, tables and code. */
function blocks(text) {
  return text.split(/(```[\s\S]*?```)|\n{2,}/).filter((block) => block?.trim()).map((block) => {
    if (block.startsWith("```")) return html`<pre class="code" tabindex="0">${block.replace(/^```\w*\n|\n?```$/g, "")}</pre>`;
    const lines = block.trim().split("\n");
    if (lines[0].startsWith("|")) return table(lines);
    if (/^[-*] /.test(lines[0])) return html`<ul class="plain-list">${block.trim().split(/\n[-*] /).map((item) => html`<li>${inline(item.replace(/^[-*] /, ""))}</li>`)}</ul>`;
    return html`<p>${inline(block)}</p>`;
  });
}

function table([head, , ...rows]) {
  const cells = (line) => line.replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => inline(cell.trim().replaceAll("\\|", "|")));
  return html`<div class="table" tabindex="0"><table>
    <thead><tr>${cells(head).map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${cells(row).map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** Code, emphasis, and the numbers of other rules as links. */
function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\b[SU]-\d+\b)/).map((part) => {
    if (part.startsWith("`")) return html`<code>${part.slice(1, -1)}</code>`;
    if (part.startsWith("**")) return html`<strong>${inline(part.slice(2, -2))}</strong>`;
    return /^[SU]-\d+$/.test(part) ? html`<a href=${link("rules", [part])}>${part}</a>` : part;
  });
}
