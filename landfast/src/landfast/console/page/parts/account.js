// The account of a journal or a scenario: timeline, trees of split batches, where every record landed and why.
import { has, t } from "console/language.js";
import { Json, State } from "console/parts/common.js";
import { html, useLayoutEffect, useRef } from "console/preact.js";

const BAD = new Set(["raise", "timeout", "exit", "report", "system error"]);

export function Account({ of: account }) {
  return html`<div class="account">
    <${Timeline} of=${account.timeline} />
    ${account.trees.length > 0 && html`<section><h2>${t("account.trees")}</h2>
      ${account.trees.map((tree) => html`<div class="card tree"><${Branch} nodes=${nested(tree)} /></div>`)}
      <${More} count=${account.left_out.trees} /></section>`}
    <section><h2>${t("account.landings")}</h2>
      <${Ends} ends=${account.landings} />
      <${More} count=${account.left_out.landings} /></section>
    ${["errors", "troubles", "injected", "again", "held_up"].map((name) => html`<${Lines} account=${account} name=${name} />`)}
    ${account.deliveries.length > 0 && html`<section><h2>${t("account.deliveries")}</h2>
      ${account.deliveries.map((each) => html`<details>
        <summary><span class="number">${each.at}</span> ${each.records} → ${each.target} <span class="quiet">${each.rule}</span></summary>
        <${Json} value=${each.body} label=${t("account.body")} />
      </details>`)}
      <${More} count=${account.left_out.deliveries} /></section>`}
    <details><summary>${t("account.records", { count: account.records.length })}</summary>
      <${Ends} ends=${account.records} />
      <${More} count=${account.left_out.records} /></details>
  </div>`;
}

/** A picture that the server has drawn. It is read as XML, which is either sound or not shown. */
function Picture({ svg }) {
  const place = useRef(null);
  useLayoutEffect(() => {
    place.current.replaceChildren(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement);
  }, [svg]);
  return html`<span ref=${place} />`;
}

function Timeline({ of: timeline }) {
  if (!timeline.picture) return html`<section><h2>${t("account.timeline")}</h2><p class="quiet">${t("account.never")}</p></section>`;
  return html`<section><h2>${t("account.timeline")}</h2>
    <p class="quiet">${t("account.scale")}</p>
    <ul class="legend picture">${Object.entries(timeline.legend).map(([name, picture]) => html`<li>
      <${Picture} svg=${picture} /> ${outcome(name)}</li>`)}</ul>
    <svg class="hatch" width="0" height="0" aria-hidden="true"><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="3" height="6" /></pattern></svg>
    <div class="picture table" tabindex="0" role="region" aria-label=${t("account.timeline")}><${Picture} svg=${timeline.picture} /></div>
    <${More} count=${timeline.rows_left_out} what="rows" />
    <details><summary>${t("account.tries", { count: timeline.tries.length })}</summary>
      <div class="table" tabindex="0" role="region" aria-label=${t("account.tries", { count: timeline.tries.length })}><table>
        <thead><tr>${["at", "where", "which", "number", "outcome", "then"].map((name) => html`<th scope="col">${t(`account.${name}`)}</th>`)}</tr></thead>
        <tbody>${timeline.tries.map((each) => html`<tr><td class="number">${each.at}</td><td>${each.where}</td>
          <td class="mono">${each.records}</td><td class="number">${each.number}</td><td>${each.outcome}</td><td>${each.then}</td></tr>`)}</tbody>
      </table></div>
      <${More} count=${timeline.left_out} /></details>
  </section>`;
}

const outcome = (name) => (has(`outcome.${name}`) ? t(`outcome.${name}`) : name);

function nested(nodes) {
  const roots = [];
  const stack = [];
  for (const node of nodes) {
    const made = { ...node, parts: [] };
    stack.length = node.depth;
    (stack[node.depth - 1]?.parts ?? roots).push(made);
    stack.push(made);
  }
  return roots;
}

function Branch({ nodes }) {
  return html`<ul>${nodes.map((node) => html`<li>
    <span class="mono">${node.records}</span>
    ${node.outcomes.map(([name, count]) => html` <${State} kind=${name === "succeed" || name === "return" ? "good" : BAD.has(name) ? "bad" : "open"}>${outcome(name)}${count > 1 ? ` ×${count}` : ""}<//>`)}
    ${" "}<span class="quiet">${node.notes.join("; ")}</span>
    ${node.parts.length > 0 && html`<${Branch} nodes=${node.parts} />`}
  </li>`)}</ul>`;
}

function Ends({ ends }) {
  return html`<div class="table" tabindex="0" role="region" aria-label=${t("account.landings")}><table>
    <thead><tr>${["which", "state", "when", "invoked", "rule"].map((name) => html`<th scope="col">${t(`account.${name}`)}</th>`)}</tr></thead>
    <tbody>${ends.map((end) => html`<tr><td class="mono">${end.records}</td><td><${State} of=${end.state} /></td>
      <td class="moment">${end.when}</td><td class="moment">${end.invocations}</td><td>${end.rule}</td></tr>`)}</tbody>
  </table></div>`;
}

function Lines({ account, name }) {
  const lines = account[name];
  if (!lines.length) return null;
  return html`<section><h2>${t(`account.${name}`)}</h2><ul class="lines">
    ${lines.map(({ text, more }) => html`<li>${more ? html`<details><summary>${text}</summary><pre class="code">${more}</pre></details>` : text}</li>`)}
  </ul><${More} count=${account.left_out[name]} /></section>`;
}

function More({ count, what = "more" }) {
  return count > 0 && html`<p class="quiet">${t(`account.left.${what}`, { count })}</p>`;
}
