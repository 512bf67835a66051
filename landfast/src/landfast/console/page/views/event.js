// One event: its whole way through functions and queues, what each attempt did, and why what followed.
import { get, mayChange, post, report } from "console/api.js";
import { clockTime, has, number, span, t } from "console/language.js";
import { now, useFetched, useTick } from "console/live.js";
import { Action, Countdown, Empty, Head, Icon, Json, Moment, Notice, State, Trouble } from "console/parts/common.js";
import { Rule } from "console/parts/rule.js";
import { TimeLine } from "console/parts/time_line.js";
import { html, useState } from "console/preact.js";
import { link, linkTo } from "console/route.js";

/** The rule by which a result goes to the destination of what succeeded. */
const SUCCESS = "S-15";
const KINDS = { succeed: "good", report: "kept", throttle: "none", "system error": "none", "cut off": "none", "": "open" };
/** The kinds of places, each with the view of it, if there is one. */
const RESOURCES = new Set(["bucket", "stream", "table", "queue", "topic", "bus", "function"]);
const FIRST = 12;
const FEW = 3;
const kindOf = (outcome) => KINDS[outcome] ?? "bad";
const short = (id) => (id.length > 40 ? `…${id.slice(-24)}` : id);

export function Event({ parts: [record] }) {
  const { data, problem } = useFetched(`/events/${encodeURIComponent(record)}`);
  const [jumped, setJumped] = useState(false);
  const chosen = data?.hops.find((each) => each.hop.chosen);
  const jump = async () => {
    await post(`/events/${encodeURIComponent(record)}/now`);
    setJumped(true);
    setTimeout(() => setJumped(false), 3000);
  };
  return html`
    <${Head} title=${html`${t("event.title")} <span class="mono event-id">${record}</span>`}>
      ${chosen?.hop.records[0]?.state && html`<${State} of=${chosen.hop.records[0].state} />`}
      ${data?.due && html`<span class="due"><${Countdown} due=${data.due} /></span>`}
      ${data?.due && !report && mayChange() && html`<span title=${t("event.nowtitle")}><${Action} kind="main" act=${jump}>${t("event.now")}<//></span>`}
      <a class="button" href=${link("events")}>${t("event.back")}</a>
    <//>
    ${jumped && html`<${Notice}>${t("event.jumped")}<//>`}
    <${Trouble} problem=${problem} />
    ${data && html`<ol class="way" aria-label=${t("event.way")}>
      ${data.hops.map((each, place) => html`<${Hop} key=${each.hop.source + each.hop.records[0]?.id} ...${each} depth=${depth(data.hops, place)} />`)}
    </ol>`}
    ${data?.is_cut && html`<${Notice}>${t("event.cut", { count: data.hops.length })}<//>`}`;
}

/** How far a hop is indented: each time that a way divides, its branches are. */
function depth(hops, place) {
  const [parent] = hops[place].hop.parents;
  if (parent === undefined) return 0;
  const branches = hops.filter(({ hop }) => hop.parents[0] === parent).length;
  return Math.min(4, depth(hops, parent) + (branches > 1 ? 1 : 0));
}

function Hop({ hop, steps, lying, targets, depth }) {
  const only = hop.records.length === 1 && !hop.untold ? hop.records[0] : null;
  return html`<li class="hop ${hop.chosen ? "chosen" : ""}" style=${{ "--depth": depth }}>
    ${steps.length > 0 && html`<p class="steps">${steps.map((step) => html`<${Place} of=${step} />`)}</p>`}
    <section class="card">
      <header class="hop-head">
        <h2>${hop.source
          ? html`<${Icon} kind="function" /> ${hop.function && !report ? html`<a href=${link("functions", [hop.function])}>${hop.function}</a>` : hop.function || hop.source}`
          : html`<${Icon} kind="queue" /> ${t("event.message")}`}</h2>
        ${hop.function && hop.source.split(":")[0] !== hop.function && html`<span class="quiet">${hop.source}</span>`}
        ${hop.chosen && html`<span class="here">${t("event.chosen")}</span>`}
        <span class="space"></span>
        ${Object.entries(hop.states).map(([state, count]) => html`<${State} of=${state}>${t(`state.${state}`)}${only ? "" : ` ${number(count)}`}<//>`)}
        <${Moment} at=${hop.seen} />
      </header>
      ${hop.shared > 1 && html`<p class="quiet">${t("event.shared", { count: hop.shared })}</p>`}
      ${only ? !hop.chosen && html`<p><${Id} of=${only.id} /></p>` : html`<${Records} hop=${hop} />`}
      ${only?.rule && html`<p><${Rule} of=${only.rule} /></p>`}
      ${lying.map((each) => html`<p><${State} kind=${each.state === "visible" ? "kept" : "open"}>${t(`event.${each.state}`)}<//>
        ${" "}${t("event.lies", { queue: each.queue.name, count: each.messages })} ${each.due && html`<${Countdown} due=${each.due} />`}</p>`)}
      ${!hop.source && lying.length === 0 && !report && html`<p class="quiet">${t("event.gone")}</p>`}
      ${hop.attempts.length > 0 && html`<${Attempts} hop=${hop} />`}
      ${hop.waits && html`<p class="notice open">${t(hop.waits.due ? "event.waits" : "event.waitsturn")}${hop.waits.due && html`: <b><${Countdown} due=${hop.waits.due} /></b>`}
</p>`}
      ${hop.trees.map((tree) => html`<${Tree} of=${tree} />`)}
      <${Deliveries} hop=${hop} targets=${targets} />
      ${hop.injected.map((each) => html`<${Fact} title=${t("event.injected")} of=${each} />`)}
      ${hop.troubles.map((each) => html`<${Fact} title=${t("event.trouble")} of=${each} />`)}
    </section>
  </li>`;
}

function Place({ of: { kind, name, note } }) {
  if (!RESOURCES.has(kind)) return html`<span class="step">${kind ? t(`event.${kind}`, { name }) : name}</span>`;
  const inside = html`<${Icon} kind=${kind} />${name}`;
  return html`<span class="step">${linkTo(kind, name) && !report ? html`<a href=${linkTo(kind, name)}>${inside}</a>` : inside}${note && html` <span class="quiet">${note}</span>`}</span>`;
}

/** The id of a record, with a link to its page; a report file does not have the pages of all. */
function Id({ of: id }) {
  if (report && !(`/events/${id}` in report)) return html`<span class="mono">${id}</span>`;
  return html`<a class="mono" href=${link("events", [id])}>${id}</a>`;
}

function Records({ hop }) {
  return html`<details class="hop-records"><summary>${t("event.records", { count: hop.records.length + hop.records_left_out + hop.untold })}</summary>
    <ul>${hop.records.map((each) => html`<li key=${each.id}><${Id} of=${each.id} /> ${each.state && html`<${State} of=${each.state} />`}</li>`)}</ul>
    ${hop.records_left_out > 0 && html`<p class="quiet">${t("event.more", { count: hop.records_left_out })}</p>`}
    ${hop.untold > 0 && html`<p class="quiet">${t("event.untold", { count: hop.untold })}</p>`}
  </details>`;
}

function Attempts({ hop }) {
  const [open, setOpen] = useState(null);
  const [all, setAll] = useState(false);
  const keyed = hop.attempts.map((each) => ({ ...each, key: each.request_id && `${each.request_id}/${each.call}` }));
  const shown = keyed.find((each) => each.key && each.key === open);
  const running = keyed.some((each) => each.ended === null);
  return html`
    ${(keyed.length > 1 || hop.waits?.due) && html`<${TimeLine} label=${t("event.timeline")} until=${hop.waits?.due} running=${running}
      bars=${keyed.map((each) => ({ begin: each.began, end: each.ended, kind: kindOf(each.outcome), chosen: shown === each, choose: () => setOpen(each.key || null), title: `${outcome(each)} ${clockTime(each.began)}` }))} />`}
    <div class="table attempts ${keyed.length === 1 ? "one" : ""}" tabindex="0" role="region" aria-label=${t("event.attempts")}><table>
      <thead><tr>${["attempt", "outcome", "then", "took", "begun"].map((each) => html`<th scope="col">${t(`event.${each}`)}</th>`)}</tr></thead>
      <tbody>${(all ? keyed : telling(keyed)).map((each) => html`<${Row} key=${each.key} attempt=${each} open=${each === shown} choose=${() => setOpen(each === shown ? null : each.key)} />`)}</tbody>
    </table></div>
    ${keyed.length > FIRST && !all && html`<p><button type="button" onClick=${() => setAll(true)}>${t("event.all", { count: keyed.length })}</button></p>`}
    ${(all || keyed.length <= FIRST) && hop.attempts_left_out > 0 && html`<p class="quiet">${t("event.more", { count: hop.attempts_left_out })}</p>`}
    ${shown && html`<${Details} key=${shown.key} attempt=${shown} resend=${["async", "sqs", "kinesis"].includes(hop.kind)} />`}`;
}

/** The first attempts; if they are many, rather those that did not go well. */
function telling(attempts) {
  const [good, other] = [true, false].map((wanted) => attempts.filter(({ outcome: name }) => (kindOf(name) === "good") === wanted));
  const shown = new Set([...other, ...good].slice(0, FIRST));
  return attempts.filter((each) => shown.has(each));
}

const outcome = ({ outcome: name }) => (has(`outcome.${name || "running"}`) ? t(`outcome.${name || "running"}`) : name);

function Row({ attempt, open, choose }) {
  const name = attempt.number ? t("event.number", { count: attempt.number }) : t("event.uncounted");
  const place = [attempt.shard && t("event.shard", { shard: attempt.shard }), attempt.lane > 0 && t("event.lane", { lane: attempt.lane }), attempt.records > 1 && t("event.records", { count: attempt.records })];
  return html`<tr class=${open ? "open-row" : ""}>
    <td>${attempt.request_id ? html`<button type="button" class="plain" aria-expanded=${open} onClick=${choose}>${open ? "▾" : "▸"} ${name}</button>` : name}
      ${place.some(Boolean) && html`<div class="quiet small">${place.filter(Boolean).join(", ")}</div>`}</td>
    <td><${State} of=${attempt.outcome} kind=${kindOf(attempt.outcome)}>${outcome(attempt)}<//>
      ${attempt.error && html`<div class="error-line">${attempt.error}</div>`}</td>
    <td>${attempt.due !== null && attempt.ended !== null && html`<div>${followed(attempt)}</div>`}
      ${attempt.rule && html`<div class="small"><${Rule} of=${attempt.rule} /></div>`}</td>
    <td class="number">${attempt.ended === null ? html`<${Running} since=${attempt.began} />` : span(attempt.ended - attempt.began)}</td>
    <td><${Moment} at=${attempt.began} /></td>
  </tr>`;
}

function followed({ again, records, due, ended }) {
  const after = span(Math.max(0, due - ended));
  return again && again < records ? t("event.partly", { again, count: records, span: after }) : t("event.again", { span: after });
}

function Running({ since }) {
  useTick(250);
  return html`<span class="quiet">${span(Math.max(0, now() - since))}</span>`;
}

/** What an attempt was called with, and what it said. */
function Details({ attempt, resend }) {
  const path = `/attempts/${encodeURIComponent(attempt.request_id)}/${attempt.call}`;
  const { data, problem } = useFetched(`${path}${attempt.ended === null ? "" : "?ended"}`, { follow: attempt.ended === null });
  const [tab, setTab] = useState(kindOf(attempt.outcome) === "bad" ? "error" : "payload");
  const tabs = ["payload", "response", "error", "logs"];
  return html`<section class="attempt-pane">
    <div class="segments" role="group" aria-label=${t("event.number", { count: attempt.number })}>
      ${tabs.map((each) => html`<button type="button" aria-pressed=${each === tab} onClick=${() => setTab(each)}>${t(`event.${each}`)}</button>`)}
    </div>
    <code class="quiet">${attempt.request_id}</code>
    <${Trouble} problem=${problem} />
    ${data && html`<${Pane} tab=${tab} data=${data} attempt=${attempt} path=${path} resend=${resend} />`}
  </section>`;
}

function Pane({ tab, data, attempt, path, resend }) {
  const label = t(`event.${tab}`);
  const none = (key) => html`<p class="quiet">${t(data.ended ? key : "event.running")}</p>`;
  if (tab === "payload") {
    if (!data.payload) return html`<p class="quiet">${t("event.nopayload")}</p>`;
    return html`${!data.payload.is_whole && html`<p class="quiet">${t("event.payloadcut", { size: data.payload.size })}</p>`}
      <${Json} value=${data.payload.text} label=${label} />
      ${resend && data.payload.is_whole && !report && mayChange() && html`<${Resend} path=${path} />`}`;
  }
  if (tab === "response") return data.value === null ? none("event.noresponse") : html`<${Json} value=${data.value} label=${label} />`;
  if (tab === "error") {
    if (!attempt.error) return none("event.noerror");
    return html`<p><b>${attempt.error}</b>${attempt.where && html`<br /><span class="quiet mono">${attempt.where}</span>`}</p>
      ${attempt.trace && html`<pre class="code" tabindex="0" role="region" aria-label=${label}>${attempt.trace}</pre>`}`;
  }
  if (data.logs.length === 0) return none("event.nologs");
  return html`${!data.is_exact && html`<p class="quiet">${t("event.alllogs")}</p>`}
    ${data.logs_left_out > 0 && html`<p class="quiet">${t("event.logscut", { count: data.logs_left_out })}</p>`}
    <pre class="code" tabindex="0" role="region" aria-label=${label}>${data.logs.join("\n")}</pre>`;
}

function Resend({ path }) {
  const [ids, setIds] = useState(null);
  const act = async () => setIds((await post(`${path}/again`)).ids);
  return html`<p><${Action} act=${act}>${t("event.resend")}<//>
    ${ids && html` <span role="status">${t("event.resent")}: ${ids.map((id) => html`<a class="mono" href=${link("events", [id])}>${id}</a> `)}</span>`}</p>`;
}

/** A batch that was split, as the tree of its parts. */
function Tree({ of }) {
  return html`<figure class="split"><figcaption><h3>${t("event.split")}</h3></figcaption>
    <ol>${of.map((batch) => html`<li class=${batch.mine ? "" : "other"} style=${{ "--depth": batch.depth }}>
      <span class="number">${t("event.records", { count: batch.records })}</span>
      ${batch.outcomes.map(([name, count]) => html` <${State} of=${name} kind=${kindOf(name === "running" ? "" : name)}>${outcome({ outcome: name })}${count > 1 ? ` ×${count}` : ""}<//>`)}
      ${batch.ends.map(([state, rule, count]) => html` <span class="small">→ <${State} of=${state} /> ${count < batch.records && number(count)} <a href=${link("rules", [rule.split(" ")[0]])}>${rule.split(" ")[0]}</a></span>`)}
      ${batch.why && html` <span class="small quiet"><${Rule} of=${batch.why} /></span>`}
      ${!batch.mine && html` <span class="hidden">${t("event.other")}</span>`}
    </li>`)}</ol></figure>`;
}

function Deliveries({ hop, targets }) {
  const shown = hop.sent.map((sent) => html`<${Sent} sent=${sent} target=${targets[sent.target]} />`);
  if (shown.length <= FEW) return shown;
  return html`<details><summary>${t("event.deliveries", { count: shown.length + hop.sent_left_out })}</summary>${shown}
    ${hop.sent_left_out > 0 && html`<p class="quiet">${t("event.more", { count: hop.sent_left_out })}</p>`}</details>`;
}

function Sent({ sent, target }) {
  return html`<details class="hop-sent"><summary><${State} of="to_destination" kind=${sent.rule.startsWith(SUCCESS) ? "good" : "kept"}>${sent.kind}<//>
      ${" "}${t("event.sent", { target: target?.name ?? sent.target })} <${Moment} at=${sent.at} /></summary>
    <p><${Rule} of=${sent.rule} /></p>
    <${Json} value=${sent.body} label=${t("event.body")} /></details>`;
}

function Fact({ title, of }) {
  return html`<p class="small"><b>${title}</b> <${Moment} at=${of.at} /> ${of.text}${of.count > 1 && `, ${t("event.times", { count: of.count })}`}</p>`;
}
