// Streams: their shards, how far each mapping has come and what it tries again; and the records of a shard.
import { number, t } from "console/language.js";
import { Ago, Countdown, Dialog, Empty, Head, Icon, Json, Moment, Span, State, Trouble } from "console/parts/common.js";
import { Mappings, Named, useWatched } from "console/parts/sources.js";
import { html, useState } from "console/preact.js";
import { link } from "console/route.js";

const KINDS = { kinesis: "stream", dynamodb: "table" };

export function Streams() {
  const { data: streams, problem } = useWatched("/streams");
  if (!streams) return html`<${Head} title=${t("nav.streams")} /><${Trouble} problem=${problem} />`;
  if (!streams.length) return html`<${Head} title=${t("nav.streams")} /><${Empty} title=${t("streams.none")} />`;
  return html`
    <${Head} title=${t("nav.streams")} />
    <${Trouble} problem=${problem} />
    <div class="table" tabindex="0" role="region" aria-label=${t("nav.streams")}><table>
      <thead><tr>
        <th scope="col">${t("streams.stream")}</th>
        <th scope="col" class="number">${t("streams.open")}</th>
        <th scope="col" class="number">${t("streams.closed")}</th>
        <th scope="col" class="number">${t("streams.records")}</th>
        <th scope="col">${t("streams.oldest")}</th>
        <th scope="col">${t("streams.retention")}</th>
        <th scope="col">${t("streams.read_by")}</th>
      </tr></thead>
      <tbody>${streams.map(
        (stream) => html`<tr key=${stream.name}>
          <th scope="row"><${Named} view="streams" kind=${KINDS[stream.kind]} thing=${stream}
            own=${stream.is_enabled ? stream.name : t("streams.before", { label: stream.arn.split("/stream/")[1] })} /></th>
          <td class="number">${number(stream.open)}</td>
          <td class="number">${number(stream.closed)}</td>
          <td class="number">${number(stream.records)}</td>
          <td><${When} at=${stream.oldest} /></td>
          <td><${Span} seconds=${stream.retention} /></td>
          <td><${Mappings} mappings=${stream.mappings} /></td>
        </tr>`,
      )}</tbody>
    </table></div>
  `;
}

function When({ at }) {
  return at === null ? html`<span class="quiet">–</span>` : html`<${Ago} at=${at} />`;
}

export function Stream({ parts: [name] }) {
  const { data, problem } = useWatched(`/streams/${encodeURIComponent(name)}`);
  if (!data) return html`<${Head} title=${name} /><${Trouble} problem=${problem} />`;
  const { stream, shards } = data;
  return html`
    <${Head} title=${html`<${Icon} kind=${KINDS[stream.kind]} /> ${stream.logical_id || stream.name}`}>
      ${stream.logical_id && html`<a class="button" href=${link("send", [], { to: stream.logical_id })}>${t(`streams.send.${stream.kind}`)}</a>`}
    <//>
    <${Trouble} problem=${problem} />
    <div class="card"><dl class="facts">
      <dt>${t("streams.name")}</dt><dd class="mono">${stream.kind === "kinesis" ? stream.name : stream.arn}</dd>
      <dt>${t("streams.read_by")}</dt><dd><${Mappings} mappings=${stream.mappings} /></dd>
      <dt>${t("streams.records")}</dt><dd>${number(stream.records)}</dd>
      <dt>${t("streams.retention")}</dt><dd><${Span} seconds=${stream.retention} /></dd>
      ${stream.view_type && html`<dt>${t("streams.view")}</dt><dd>${stream.view_type}</dd>`}
      ${!stream.is_enabled && html`<dt>${t("streams.state")}</dt><dd>${t("streams.disabled")}</dd>`}
    </dl></div>
    ${shards.map((shard) => html`<${Shard} key=${shard.id} stream=${stream} shard=${shard} />`)}
  `;
}

function Shard({ stream, shard }) {
  const [shown, show] = useState(false);
  return html`<section class="card s-shard" aria-label=${shard.id}>
    <div class="q-head"><h2 class="mono">${shard.id}</h2>
      <${State} kind=${shard.is_open ? "good" : "none"}>${t(shard.is_open ? "streams.is_open" : "streams.is_closed")}<//>
      <span class="space"></span>
      <span>${t("streams.count", { count: shard.end - shard.begin })}</span>
      <span class="quiet">${t("streams.newest")} <${When} at=${shard.newest} /></span>
    </div>
    <dl class="facts">
      ${shard.parents.length > 0 && html`<dt>${t("streams.parents")}</dt><dd class="mono">${shard.parents.join(", ")}</dd>`}
      ${shard.hash_keys && html`<dt>${t("streams.hash_keys")}</dt><dd class="mono">${shard.hash_keys.join(" – ")}</dd>`}
      ${shard.closed_at !== null && html`<dt>${t("streams.closed_at")}</dt><dd><${Moment} at=${shard.closed_at} /></dd>`}
    </dl>
    ${shard.readings.map((reading) => html`<${Reading} key=${reading.mapping.uuid} reading=${reading} />`)}
    <div><button type="button" aria-expanded=${shown} onClick=${() => show(!shown)}>${t(shown ? "streams.hide" : "streams.look")}</button></div>
    ${shown && html`<${Records} stream=${stream} shard=${shard} />`}
  </section>`;
}

function Reading({ reading }) {
  const busy = reading.lanes.filter((lane) => lane.phase !== "idle" || lane.backlog);
  return html`<div class="s-reading">
    <div class="q-head"><${Mappings} mappings=${[reading.mapping]} /> <${Progress} reading=${reading} />
      <span class="space"></span>
      ${reading.iterator_age !== null && html`<span class="quiet">${t("streams.age")} <${Span} seconds=${reading.iterator_age} /></span>`}
    </div>
    <p class="quiet">${t("streams.checkpoint")} <span class="mono">${reading.checkpoint ?? t("streams.no_checkpoint")}</span></p>
    ${busy.length > 0 && html`<ul class="s-lanes">${busy.map((lane) => html`<${Lane} key=${lane.number} lane=${lane} reading=${reading} />`)}</ul>`}
  </div>`;
}

function Progress({ reading }) {
  if (reading.is_ended) return html`<${State} kind="good">${t("streams.ended")}<//>`;
  if (!reading.is_begun) return html`<${State} kind="none">${t("streams.not_begun")}<//>`;
  if (!reading.undone) return html`<${State} kind="good">${t("streams.caught_up")}<//>`;
  return html`<${State} kind="open">${t("streams.undone", { count: reading.undone })}<//>
    ${reading.oldest !== null && html`<span class="quiet">${t("streams.oldest")} <${Ago} at=${reading.oldest} /></span>`}`;
}

function Lane({ lane, reading }) {
  const { batch } = lane;
  const most = reading.maximum_retry_attempts;
  return html`<li class="q-holder">
    ${reading.lanes.length > 1 && html`<span class="quiet">${t("streams.lane", { lane: lane.number + 1 })}</span>`}
    <${State} kind=${lane.is_failing ? "kept" : "open"}>${t(`streams.phase.${lane.phase.replace(" ", "_")}`)}<//>
    ${batch && html`<span>${batch.records === null ? t("streams.batch") : t("streams.batch_of", { count: batch.records })}
      ${batch.event && html` <a class="mono" href=${link("events", [batch.event])}>…${batch.first.slice(-8)}</a>`}</span>`}
    ${batch && batch.attempts > 0 && html`<span>${t("streams.failed", { count: batch.attempts })}
      <span class="quiet"> ${most === null ? t("streams.until_old") : t("streams.at_most", { count: most })}</span></span>`}
    ${batch && batch.misses > 0 && html`<span>${t("streams.missed", { count: batch.misses })}</span>`}
    ${batch?.is_part && html`<span class="quiet">${t("streams.part", { count: lane.behind })}</span>`}
    ${lane.phase === "waiting" && lane.due !== null && html`<span>${t("streams.next_try")} <${Countdown} due=${lane.due} /></span>`}
    ${lane.backlog > 0 && html`<span class="quiet">${t("streams.backlog", { count: lane.backlog })}</span>`}
  </li>`;
}

const PAGE = 25;

function Records({ stream, shard }) {
  const [from, setFrom] = useState("newest");
  const [open, setOpen] = useState(null);
  const path = `/streams/${encodeURIComponent(stream.name)}/shards/${encodeURIComponent(shard.id)}/records`;
  const { data, problem } = useWatched(`${path}?limit=${PAGE}&from=${encodeURIComponent(from)}`);
  const records = data?.records ?? [];
  const first = records[0]?.number;
  const last = records.at(-1)?.number;
  return html`<div class="s-records">
    <form class="s-bar" onSubmit=${(event) => (event.preventDefault(), setFrom(event.target.elements.at.value.trim() || "newest"))}>
      <button type="button" disabled=${!data || first === undefined || first <= data.begin} onClick=${() => setFrom(String(Math.max(data.begin, first - PAGE)))}>${t("streams.earlier")}</button>
      <button type="button" disabled=${!data || last === undefined || last + 1 >= data.end} onClick=${() => setFrom(String(last + 1))}>${t("streams.later")}</button>
      <button type="button" onClick=${() => setFrom("oldest")}>${t("streams.to_oldest")}</button>
      <button type="button" onClick=${() => setFrom("newest")}>${t("streams.to_newest")}</button>
      <label><span>${t("streams.position")}</span> <input name="at" class="mono" size="24" /></label>
    </form>
    <${Trouble} problem=${problem} />
    ${!records.length
      ? html`<p class="quiet">${t("streams.empty")}</p>`
      : html`<div class="table" tabindex="0" role="region" aria-label=${t("streams.records")}><table>
        <thead><tr>
          <th scope="col">${t("streams.sequence")}</th>
          <th scope="col">${t("streams.arrived")}</th>
          ${stream.kind === "dynamodb" && html`<th scope="col">${t("streams.event_name")}</th>`}
          <th scope="col">${t("streams.key")}</th>
          <th scope="col">${t("streams.data")}</th>
        </tr></thead>
        <tbody>${records.map(
          (record) => html`<tr key=${record.number}>
            <th scope="row"><a class="mono" href=${link("events", [record.event])} title=${record.sequence}>…${record.sequence.slice(-8)}</a></th>
            <td><${Moment} at=${record.arrived} /></td>
            ${stream.kind === "dynamodb" && html`<td>${record.name}</td>`}
            <td class="mono">${record.key}</td>
            <td><button type="button" class="plain q-preview mono" title=${t("streams.show")} onClick=${() => setOpen(record.number)}>${record.data || t("streams.no_data")}</button></td>
          </tr>`,
        )}</tbody>
      </table></div>`}
    ${open !== null && html`<${Record} path="${path}/${open}" close=${() => setOpen(null)} />`}
  </div>`;
}

function Record({ path, close }) {
  const { data: record, problem } = useWatched(path, 0);
  return html`<${Dialog} title=${t("streams.record")} close=${close}>
    <${Trouble} problem=${problem} />
    ${record && html`
      <dl class="facts">
        <dt>${t("streams.event")}</dt><dd class="mono"><a href=${link("events", [record.event])} onClick=${close}>${record.event}</a></dd>
        <dt>${t("streams.sequence")}</dt><dd class="mono">${record.sequence}</dd>
        <dt>${t("streams.arrived")}</dt><dd><${Moment} at=${record.arrived} /></dd>
        <dt>${t("streams.key")}</dt><dd class="mono">${record.key}</dd>
        ${record.name && html`<dt>${t("streams.event_name")}</dt><dd>${record.name}</dd>`}
      </dl>
      <h3>${t(record.is_base64 ? "streams.data_base64" : "streams.data")}</h3>
      <${Json} value=${record.data} label=${t("streams.data")} />`}
  <//>`;
}
