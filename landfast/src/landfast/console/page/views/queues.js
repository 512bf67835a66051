// Queues: what lies in each, which groups are blocked and by what; and one queue with its messages.
import { number, span, t } from "console/language.js";
import { now } from "console/live.js";
import { Ago, Countdown, Dialog, Empty, Head, Icon, Json, Moment, Span, State, Trouble } from "console/parts/common.js";
import { Mappings, Named, useWatched } from "console/parts/sources.js";
import { html, useState } from "console/preact.js";
import { link } from "console/route.js";

export function Queues() {
  const { data: queues, problem } = useWatched("/queues");
  if (!queues) return html`<${Head} title=${t("nav.queues")} /><${Trouble} problem=${problem} />`;
  const read = queues.filter((queue) => queue.mappings.length);
  const keeping = queues.filter((queue) => !queue.mappings.length && queue.keeps_failures);
  const others = queues.filter((queue) => !queue.mappings.length && !queue.keeps_failures);
  return html`
    <${Head} title=${t("nav.queues")} />
    <${Trouble} problem=${problem} />
    ${!queues.length && html`<${Empty} title=${t("queues.none")} />`}
    ${queues.length > 0 && html`<div class="table" tabindex="0" role="region" aria-label=${t("nav.queues")}><table>
      <thead><tr>
        <th scope="col">${t("queues.queue")}</th>
        <th scope="col" class="number">${t("queues.visible")}</th>
        <th scope="col" class="number">${t("queues.flight")}</th>
        <th scope="col" class="number">${t("queues.delayed")}</th>
        <th scope="col">${t("queues.oldest")}</th>
        <th scope="col">${t("queues.read_by")}</th>
        <th scope="col">${t("queues.gives_up")}</th>
      </tr></thead>
      <${Part} title=${t("queues.read")} queues=${read} />
      <${Part} title=${t("queues.keeping")} queues=${keeping} />
      <${Part} title=${t("queues.others")} queues=${others} />
    </table></div>`}
  `;
}

function Part({ title, queues }) {
  if (!queues.length) return null;
  return html`<tbody>
    <tr class="q-part"><th scope="rowgroup" colspan="7">${title}</th></tr>
    ${queues.map((queue) => html`<${Row} key=${queue.name} queue=${queue} />`)}
  </tbody>`;
}

function Row({ queue }) {
  return html`<tr>
    <th scope="row"><${Named} view="queues" kind="queue" thing=${queue} /></th>
    <td class="number">${queue.keeps_failures && queue.visible > 0 && !queue.mappings.length
      ? html`<${State} kind="kept">${number(queue.visible)}<//>`
      : html`<${Count} of=${queue.visible} />`}</td>
    <td class="number"><${Count} of=${queue.in_flight} /></td>
    <td class="number"><${Count} of=${queue.delayed} /></td>
    <td>${queue.oldest === null ? html`<span class="quiet">–</span>` : html`<${Ago} at=${queue.oldest} />`}</td>
    <td><${Mappings} mappings=${queue.mappings} />
      ${queue.blocked_groups > 0 && html` <${State} kind="open">${t("queues.blocked", { count: queue.blocked_groups })}<//>`}</td>
    <td><${Redrive} queue=${queue} /></td>
  </tr>`;
}

function Count({ of }) {
  return html`<span class=${of ? "" : "quiet"}>${number(of)}</span>`;
}

function Redrive({ queue }) {
  if (!queue.dead_letter_queue) return html`<span class="quiet">${queue.mappings.length ? t("queues.keeps") : "–"}</span>`;
  return html`<a href=${link("queues", [queue.dead_letter_queue])}>${queue.dead_letter_queue}</a>
    <span class="quiet"> ${t("queues.after", { count: queue.max_receive_count })}</span>`;
}

export function Queue({ parts: [name] }) {
  const [limit, setLimit] = useState(50);
  const { data, problem } = useWatched(`/queues/${encodeURIComponent(name)}?limit=${limit}`);
  if (!data) return html`<${Head} title=${name} /><${Trouble} problem=${problem} />`;
  const { queue, groups, more_groups: more, messages } = data;
  const total = queue.visible + queue.in_flight + queue.delayed;
  return html`
    <${Head} title=${html`<${Icon} kind="queue" /> ${queue.logical_id || queue.name}`}>
      ${queue.logical_id && html`<a class="button" href=${link("send", [], { to: queue.logical_id })}>${t("queues.send")}</a>`}
      ${queue.keeps_failures && total > 0 &&
      html`<a class="button" href=${link("failures", [], { store: queue.logical_id || queue.name })}>${t("queues.failures")}</a>`}
    <//>
    <${Trouble} problem=${problem} />
    <dl class="q-tiles">
      <${Tile} title=${t("queues.visible")} value=${queue.visible} />
      <${Tile} title=${t("queues.flight")} value=${queue.in_flight} />
      <${Tile} title=${t("queues.delayed")} value=${queue.delayed} />
      <div><dt>${t("queues.oldest")}</dt><dd>${queue.oldest === null ? "–" : html`<${Ago} at=${queue.oldest} />`}</dd></div>
    </dl>
    <div class="card"><dl class="facts">
      <dt>${t("queues.name")}</dt><dd class="mono">${queue.name}</dd>
      <dt>${t("queues.read_by")}</dt><dd><${Mappings} mappings=${queue.mappings} /></dd>
      <dt>${t("queues.gives_up")}</dt><dd><${Redrive} queue=${queue} /></dd>
      ${queue.sources.length > 0 && html`<dt>${t("queues.dead_of")}</dt>
        <dd>${queue.sources.map((each) => html`<a href=${link("queues", [each])}>${each}</a> `)}</dd>`}
      <dt>${t("queues.visibility")}</dt><dd><${Span} seconds=${queue.visibility_timeout} /></dd>
      <dt>${t("queues.retention")}</dt><dd><${Span} seconds=${queue.retention} /></dd>
      ${queue.delay > 0 && html`<dt>${t("queues.delay")}</dt><dd><${Span} seconds=${queue.delay} /></dd>`}
    </dl></div>
    ${queue.fifo && html`<${Groups} queue=${queue} groups=${groups} more=${more} />`}
    <section class="q-section">
      <h2>${t("queues.messages")} <span class="quiet number">${number(total)}</span></h2>
      ${messages.length ? html`<${Messages} queue=${queue} messages=${messages} />` : html`<${Empty} title=${t("queues.empty")} />`}
      ${messages.length < total && limit < 1000 &&
      html`<button type="button" onClick=${() => setLimit(Math.min(1000, limit * 4))}>${t("queues.more")}</button>`}
    </section>
  `;
}

function Tile({ title, value }) {
  return html`<div><dt>${title}</dt><dd class="number">${number(value)}</dd></div>`;
}

function Groups({ queue, groups, more }) {
  const blocked = groups.filter((group) => group.in_flight);
  const free = groups.filter((group) => !group.in_flight);
  return html`<section class="q-section" aria-label=${t("queues.groups")}>
    <h2>${t("queues.groups")}</h2>
    <p class="quiet">${t("queues.groups.rule")}</p>
    ${blocked.length > 0 && html`<ul class="q-groups">
      ${blocked.map((group) => html`<${Group} key=${group.id} queue=${queue} group=${group} />`)}
    </ul>`}
    ${free.length > 0 && html`<p>${t("queues.free", { count: free.length + more })}${" "}
      ${free.slice(0, 20).map((group) => html`<span class="q-tag mono">${group.id} <span class="quiet">${number(group.waiting + group.delayed)}</span></span> `)}</p>`}
    ${!groups.length && html`<p class="quiet">${t("queues.no_groups")}</p>`}
  </section>`;
}

function Group({ queue, group }) {
  return html`<li class="card q-group">
    <div class="q-head"><${State} kind="open">${t("queues.group.blocked")}<//> <b class="mono">${group.id}</b>
      <span class="space"></span>
      <span class=${group.waiting ? "" : "quiet"}>${t("queues.group.waiting", { count: group.waiting })}</span></div>
    <ul>${group.holders.map((holder) => html`<li key=${holder.id}><${Holder} queue=${queue} holder=${holder} /></li>`)}</ul>
    ${group.in_flight > group.holders.length &&
    html`<p class="quiet">${t("queues.group.more", { count: group.in_flight - group.holders.length })}</p>`}
  </li>`;
}

function Holder({ queue, holder }) {
  const last = queue.max_receive_count !== null && holder.receives >= queue.max_receive_count;
  return html`<div class="q-holder">
    <a class="mono" href=${link("events", [holder.id])}>${holder.id.slice(0, 8)}</a>
    <span>${t(`queues.held.${holder.held}`, { function: holder.function })}</span>
    <span class="quiet">${t("queues.since")} <${Ago} at=${holder.since} /></span>
    <span>${t(holder.held === "nobody" ? "queues.again" : "queues.until")} <${Countdown} due=${holder.until} /></span>
    <span class=${last ? "q-warn" : "quiet"}>${t("queues.receive", { count: holder.receives })}${
      queue.max_receive_count === null ? "" : ` ${t("queues.of", { most: queue.max_receive_count })}`
    }${last ? ` · ${t("queues.then", { queue: queue.dead_letter_queue })}` : ""}</span>
  </div>`;
}

function Messages({ queue, messages }) {
  const [open, setOpen] = useState(null);
  const grouped = messages.some((message) => message.group);
  return html`<div class="table" tabindex="0" role="region" aria-label=${t("queues.messages")}><table>
    <thead><tr>
      <th scope="col">${t("queues.message")}</th>
      <th scope="col">${t("queues.state")}</th>
      ${grouped && html`<th scope="col">${t("queues.group")}</th>`}
      <th scope="col" class="number">${t("queues.receives")}</th>
      <th scope="col">${t("queues.sent")}</th>
      <th scope="col">${t("queues.body")}</th>
    </tr></thead>
    <tbody>${messages.map(
      (message) => html`<tr key=${message.number}>
        <th scope="row"><a class="mono" href=${link("events", [message.id])} title=${message.id}>${message.id.slice(0, 8)}</a></th>
        <td><${MessageState} message=${message} /></td>
        ${grouped && html`<td class="mono">${message.group}</td>`}
        <td class="number">${number(message.deliveries)}${queue.max_receive_count !== null && html`<span class="quiet"> / ${queue.max_receive_count}</span>`}</td>
        <td><${Ago} at=${message.sent_at} /></td>
        <td><button type="button" class="plain q-preview mono" title=${t("queues.show")} onClick=${() => setOpen(message.id)}>${message.body || t("queues.no_body")}</button></td>
      </tr>`,
    )}</tbody>
  </table></div>
  ${open && html`<${Message} queue=${queue} id=${open} close=${() => setOpen(null)} />`}`;
}

const KINDS = { visible: "none", "in flight": "open", delayed: "kept" };

function MessageState({ message }) {
  const word = message.is_blocked ? "blocked" : message.state.replace(" ", "_");
  return html`<${State} kind=${message.is_blocked ? "open" : KINDS[message.state]}>${t(`queues.state.${word}`)}<//>
    ${message.due !== null && html` <${Countdown} due=${message.due} />`}`;
}

function Message({ queue, id, close }) {
  const { data, problem } = useWatched(`/queues/${encodeURIComponent(queue.name)}/messages/${encodeURIComponent(id)}`, 0);
  const message = data?.message;
  return html`<${Dialog} title=${t("queues.one")} close=${close}>
    <${Trouble} problem=${problem} />
    ${message && html`
      <dl class="facts">
        <dt>${t("queues.id")}</dt><dd class="mono"><a href=${link("events", [message.id])} onClick=${close}>${message.id}</a></dd>
        <dt>${t("queues.state")}</dt><dd><${MessageState} message=${message} /></dd>
        ${message.group && html`<dt>${t("queues.group")}</dt><dd class="mono">${message.group}</dd>`}
        <dt>${t("queues.sent")}</dt><dd><${Moment} at=${message.sent_at} /></dd>
        <dt>${t("queues.expires")}</dt><dd>${t("time.in", { span: span(Math.max(0, message.expires - now())) })}</dd>
        <dt>${t("queues.receives")}</dt><dd>${number(message.receives)}</dd>
        ${data.failure && html`<dt>${t("queues.failure")}</dt><dd class="mono"><a href=${link("failures", [data.failure])} onClick=${close}>${data.failure}</a></dd>`}
        ${data.dead_letter_of && html`<dt>${t("queues.dead_from")}</dt><dd><a href=${link("queues", [data.dead_letter_of])} onClick=${close}>${data.dead_letter_of}</a></dd>`}
      </dl>
      <h3>${t("queues.body")}</h3>
      <${Json} value=${message.body} label=${t("queues.body")} />
      ${Object.keys(data.attributes).length > 0 && html`<h3>${t("queues.attributes")}</h3>
        <dl class="facts">${Object.entries(data.attributes).map(([name, one]) => html`<dt>${name}</dt><dd class="mono">${one.value} <span class="quiet">${one.type}</span></dd>`)}</dl>`}
      <details><summary>${t("queues.system")}</summary>
        <dl class="facts">${Object.entries(data.system).map(([name, value]) => html`<dt>${name}</dt><dd class="mono">${value}</dd>`)}</dl>
      </details>`}
  <//>`;
}
