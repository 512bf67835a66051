// The map: the stack as rows, from sources by a function to where results and failures go.
import { t } from "console/language.js";
import { useFetched } from "console/live.js";
import { Empty, Head, Icon, Trouble } from "console/parts/common.js";
import { html } from "console/preact.js";
import { link } from "console/route.js";

export function Map() {
  const { data: stack, problem } = useFetched("/stack", { follow: false });
  if (!stack) return html`<${Head} title=${t("map.title")} /><${Trouble} problem=${problem} />`;
  const nodes = Object.fromEntries(stack.nodes.map((node) => [node.name, node]));
  return html`
    <${Head} title=${t("map.title")} />
    ${stack.rows.length === 0 && html`<${Empty} title=${t("map.empty")} />`}
    <div class="map-head" aria-hidden="true">
      ${["source", "function", "result", "failure"].map((each) => html`<span>${t(`map.${each}`)}</span>`)}
    </div>
    <ol class="map">${stack.rows.map((row) => html`<${Row} row=${row} nodes=${nodes} />`)}</ol>
    ${stack.not_run.length > 0 && html`<section><h2>${t("map.notrun")}</h2>
      <ul class="plain-list">${stack.not_run.map((line) => html`<li>${line}</li>`)}</ul></section>`}
  `;
}

function Row({ row, nodes }) {
  const failures = [...row.failures, ...row.undelivered];
  return html`<li class="map-row">
    <${Column} title=${t("map.source")} kind="in" places=${row.sources.map((name) => ({ target: name, note: "" }))} nodes=${nodes} />
    <div class="map-column" role="group" aria-label=${t("map.function")}>
      ${row.function ? html`<${Place} node=${nodes[row.function]} />` : html`<span class="map-direct quiet">${t("map.direct")}</span>`}
    </div>
    <${Column} title=${t("map.result")} kind="out" places=${row.targets} nodes=${nodes} />
    <${Column} title=${t("map.failure")} kind="failed" places=${failures} nodes=${nodes} />
  </li>`;
}

function Column({ title, kind, places, nodes }) {
  return html`<div class="map-column ${kind}" role="group" aria-label=${title}>
    ${places.map((edge) => html`<${Place} node=${nodes[edge.target]} note=${edge.note} />`)}
  </div>`;
}

const VIEWS = { queue: "queues", stream: "streams", table: "streams", function: "functions" };

function Place({ node, note = "" }) {
  const inside = html`<${Icon} kind=${node.kind} /><span class="map-name">${node.name}</span>`;
  const view = VIEWS[node.kind];
  const title = [node.noun, note].filter(Boolean).join(": ");
  return view
    ? html`<a class="place k-${node.kind}" href=${link(view, [node.name])} title=${title}>${inside}</a>`
    : html`<span class="place k-${node.kind}" title=${title}>${inside}</span>`;
}
