// The map: the stack as rows, from sources by a function to where results and failures go, with what is there now.
import { number, t } from "console/language.js";
import { useFetched } from "console/live.js";
import { Empty, Head, Icon, Trouble } from "console/parts/common.js";
import { html } from "console/preact.js";
import { link, linkTo } from "console/route.js";

export function Map() {
  const { data: stack, problem } = useFetched("/stack", { follow: false });
  const told = useTold();
  if (!stack) return html`<${Head} title=${t("map.title")} /><${Trouble} problem=${problem} />`;
  const nodes = Object.fromEntries(stack.nodes.map((node) => [node.name, node]));
  return html`
    <${Head} title=${t("map.title")}>
      ${told.kept !== null && html`<a class="button" href=${link("failures")}>
        <span class="map-count ${told.kept ? "bad" : "good"}">${told.kept ? t("map.kept", { count: told.kept }) : t("map.good")}</span>
      </a>`}
    <//>
    ${stack.rows.length === 0 && html`<${Empty} title=${t("map.empty")} />`}
    <div class="map-head" aria-hidden="true">
      ${["source", "function", "result", "failure"].map((each) => html`<span>${t(`map.${each}`)}</span>`)}
    </div>
    <ol class="map">${stack.rows.map((row) => html`<${Row} row=${row} nodes=${nodes} told=${told} />`)}</ol>
    ${stack.not_run.length > 0 && html`<section><h2>${t("map.notrun")}</h2>
      <ul class="plain-list">${stack.not_run.map((line) => html`<li>${line}</li>`)}</ul></section>`}
  `;
}

/** What is known of edges and places: how many went over each, what lies where, and what each function has to do. */
function useTold() {
  const { data: traffic } = useFetched("/traffic");
  const { data: queues } = useFetched("/queues");
  const { data: failures } = useFetched("/failures");
  const flows = Object.fromEntries((traffic?.flows ?? []).map((flow) => [`${flow.source} ${flow.target}`, flow.count]));
  const held = (queues ?? []).map((queue) => [queue.logical_id, queue.visible + queue.in_flight + queue.delayed]);
  return {
    flow: (source, target) => flows[`${source} ${target}`] ?? 0,
    loads: traffic?.loads ?? {},
    holds: Object.fromEntries(held),
    failures: Object.fromEntries((failures?.stores ?? []).map((store) => [store.name, store.count])),
    kept: failures?.total ?? null,
  };
}

function Row({ row, nodes, told }) {
  const sender = row.function ?? row.sources[0];
  const place = (edge, text) => {
    const count = told.flow(edge.source, edge.target);
    return html`<${Place} key=${edge.target} node=${nodes[edge.target]} note=${edge.note} told=${told} count=${count} text=${text} />`;
  };
  const from = (name) => html`<${Place} key=${name} node=${nodes[name]} told=${told} count=${told.flow(name, row.function)} text="map.flow" />`;
  return html`<li class="map-row" aria-label=${sender}>
    <${Column} title=${t("map.source")} kind="in">${row.sources.map(from)}<//>
    <${Column} title=${t("map.function")} kind="by">
      ${row.function ? html`<${Place} node=${nodes[row.function]} told=${told} />` : html`<span class="map-direct quiet">${t("map.direct")}</span>`}
    <//>
    <${Column} title=${t("map.result")} kind="out">${row.targets.map((edge) => place(edge, "map.sent"))}<//>
    <${Column} title=${t("map.failure")} kind="failed">
      ${[...row.failures, ...row.undelivered].map((edge) => place(edge, "map.sent"))}
    <//>
  </li>`;
}

function Column({ title, kind, children }) {
  return html`<div class="map-column ${kind}" role="group" aria-label=${title}>${children}</div>`;
}

/** A resource: its name, what lies or waits there, and how many came over the edge that leads to it or from it. */
function Place({ node, told, note = "", count = 0, text = "" }) {
  const { name, kind } = node;
  const failures = told.failures[name] ?? 0;
  const { pending = 0, running = 0 } = told.loads[name] ?? {};
  const holds = failures ? 0 : (told.holds[name] ?? 0);
  const waiting = pending + running;
  const href = failures ? link("failures", [], { store: name }) : linkTo(kind, name);
  const inside = html`<${Icon} kind=${kind} /><span class="map-name">${name}</span>
    ${failures > 0 && html`<${Count} of=${failures} kind="bad" text="map.failures" />`}
    ${holds > 0 && html`<${Count} of=${holds} kind="open" text="map.holds" />`}
    ${waiting > 0 && html`<${Count} of=${waiting} kind="open" text="map.waiting" />`}`;
  const title = [`${name}: ${node.noun}`, note].filter(Boolean).join(", ");
  const style = `place k-${kind}${failures ? " has-failures" : ""}`;
  return html`<div class="map-place">
    ${count > 0 && html`<span class="map-flow number" title=${t(text, { count })}>${number(count)}</span>`}
    ${href ? html`<a class=${style} href=${href} title=${title}>${inside}</a>` : html`<span class=${style} title=${title}>${inside}</span>`}
  </div>`;
}

function Count({ of: count, kind, text }) {
  return html`<span class="map-count ${kind}" title=${t(text, { count })}><span aria-hidden="true">${number(count)}</span>
    <span class="hidden">${t(text, { count })}</span></span>`;
}
