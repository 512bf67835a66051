// Send an event from a form: to whatever events enter the stack by, from a sample or from what was sent before.
import { mayChange, post } from "console/api.js";
import { t } from "console/language.js";
import { now, useFetched } from "console/live.js";
import { Ago, Empty, Head, Icon, Json, Notice, Trouble } from "console/parts/common.js";
import { Editor, wrongJson } from "console/parts/editor.js";
import { html, useEffect, useState } from "console/preact.js";
import { go, link, linkTo } from "console/route.js";

const KEPT = "landfast.sent";
const MOST = 10;

/** The fields of each kind: those of one line, and the payload, which is JSON or any text. */
const FIELDS = {
  function: { lines: [], payload: "payload", json: "must" },
  queue: { lines: ["group", "deduplication_id", "delay"], payload: "body", json: "may", attributes: true },
  topic: { lines: ["subject", "group", "deduplication_id"], payload: "message", json: "may", attributes: true },
  bus: { lines: ["source", "detail_type"], payload: "detail", json: "must" },
  stream: { lines: ["partition_key"], payload: "data", json: "may" },
  bucket: { lines: ["key"], payload: "content", json: "may" },
  table: { lines: [], payload: "item", json: "must" },
};
/** The lines that may not be empty. */
const NEEDED = new Set(["source", "detail_type", "partition_key", "key"]);

function empty(to) {
  const { lines, payload, json, attributes } = FIELDS[to.kind];
  const sending = { kind: to.kind, name: to.name, ...Object.fromEntries(lines.map((name) => [name, ""])) };
  sending[payload] = json === "must" ? "{}" : "";
  if (to.kind === "function") sending.asynchronous = true;
  if (attributes) sending.attributes = {};
  return sending;
}

function kept() {
  return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
}

export function Send({ query }) {
  const { data: form, problem } = useFetched("/send", { follow: false });
  if (!form) return html`<${Head} title=${t("send.title")} /><${Trouble} problem=${problem} />`;
  if (!form.destinations.length) return html`<${Head} title=${t("send.title")} /><${Empty} title=${t("send.nowhere")} />`;
  const to = form.destinations.find((one) => one.name === query.to) ?? form.destinations.find((one) => one.feeds) ?? form.destinations[0];
  return html`
    <${Head} title=${t("send.title")} />
    ${!mayChange() && html`<${Notice} kind="kept">${t("live.token")}<//>`}
    <${Form} form=${form} to=${to} />
  `;
}

function Form({ form, to }) {
  const [sending, setSending] = useState(() => empty(to));
  const [sent, setSent] = useState(kept);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    if (sending.name !== to.name || sending.kind !== to.kind) setSending(empty(to));
  }, [to]);
  if (sending.name !== to.name || sending.kind !== to.kind) return null; // the next drawing has it

  const fill = (chosen) => {
    setSending({ ...empty(chosen), ...chosen });
    if (chosen.name !== to.name) go(link("send", [], { to: chosen.name }));
  };
  const deliver = async (chosen) => {
    setBusy(true);
    setProblem(null);
    try {
      const answer = await post("/send", clean(chosen));
      const repeats = Boolean(answer.id) && chosen.kind === "queue" && sent.some((one) => one.answer.id === answer.id);
      const all = [{ at: now(), sending: chosen, answer, repeats }, ...sent].slice(0, MOST);
      sessionStorage.setItem(KEPT, JSON.stringify(all));
      setSent(all);
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  const samples = form.samples.filter((one) => one.sending.kind === to.kind && one.sending.name === to.name);
  return html`<div class="send">
    <form class="card send-form" onSubmit=${(event) => (event.preventDefault(), deliver(sending))}>
      <label><span>${t("send.to")}</span>
        <select value=${to.name} onChange=${(event) => go(link("send", [], { to: event.target.value }))}>
          ${Object.entries(FIELDS).map(([kind]) => html`<${Kind} kind=${kind} all=${form.destinations} />`)}
        </select></label>
      ${samples.length > 0 && html`<label><span>${t("send.sample")}</span>
        <select value="" onChange=${(event) => event.target.value && fill(samples[event.target.value].sending)}>
          <option value="">${t("send.choose")}</option>
          ${samples.map((one, index) => html`<option value=${index}>${named(one)}</option>`)}
        </select></label>`}
      <${Fields} to=${to} sending=${sending} set=${setSending} />
      <${Trouble} problem=${problem} />
      <div><button class="main" disabled=${busy || !mayChange() || !isReady(sending)} aria-busy=${busy}>${t("send.send")}</button></div>
    </form>
    <section class="send-sent" aria-label=${t("send.sent")} aria-live="polite">
      ${sent.length > 0 && html`<h2>${t("send.sent")}</h2>`}
      <ol>${sent.map(
        (one, index) => html`<li key=${one.at} class="card"><${Sent} one=${one} isOpen=${index === 0} busy=${busy} again=${() => deliver(one.sending)} fill=${() => fill(one.sending)} /></li>`,
      )}</ol>
      <details open=${!sent.length}><summary>${t("send.all_samples")}</summary><${Samples} form=${form} fill=${fill} /></details>
    </section>
  </div>`;
}

function Kind({ kind, all }) {
  const found = all.filter((one) => one.kind === kind);
  if (!found.length) return null;
  return html`<optgroup label=${t(`send.kind.${kind}`)}>
    ${found.map((one) => html`<option key=${one.name} value=${one.name}>${one.name}${one.fifo ? " (FIFO)" : ""}</option>`)}
  </optgroup>`;
}

const named = (sample) => (sample.part ? t("send.part", { file: sample.file, part: sample.part }) : sample.file);

/** What can be sent at once, where nothing was sent yet. */
function Samples({ form, fill }) {
  if (!form.samples.length) return html`<p class="quiet">${t("send.no_samples")}</p>`;
  return html`<p class="quiet">${t("send.samples")}</p>
    <ul class="send-samples">${form.samples.map(
      (one) => html`<li><button type="button" class="plain" onClick=${() => fill(one.sending)}>
        <${Icon} kind=${one.sending.kind} /><span>${named(one)}</span> <span class="quiet">${t("send.for", { name: one.sending.name })}</span></button></li>`,
    )}</ul>`;
}

function Fields({ to, sending, set }) {
  const { lines, payload, json, attributes } = FIELDS[to.kind];
  const put = (name, value) => set({ ...sending, [name]: value });
  const shown = lines.filter((name) => to.fifo || name !== "deduplication_id").filter((name) => !(to.fifo && name === "delay"));
  return html`
    ${to.kind === "function" && html`<fieldset class="segments"><legend class="hidden">${t("send.way")}</legend>
      ${[true, false].map((way) => html`<button type="button" aria-pressed=${sending.asynchronous === way} onClick=${() => put("asynchronous", way)}>${t(way ? "send.asynchronous" : "send.synchronous")}</button>`)}
    </fieldset>`}
    ${shown.map(
      (name) => html`<label key=${name}><span>${t(`send.field.${name}`)}</span>
        <span class="send-field"><input type=${name === "delay" ? "number" : "text"} min="0" max="900" class=${name === "delay" ? "" : "mono"} value=${sending[name]}
          required=${NEEDED.has(name) || (name === "group" && to.fifo) || (name === "deduplication_id" && to.needs_deduplication_id)}
          onInput=${(event) => put(name, event.target.value)} />
        ${name === "deduplication_id" && html`<button type="button" onClick=${() => put(name, crypto.randomUUID())}>${t("send.new_id")}</button>`}</span>
        ${name === "deduplication_id" && html`<span class="quiet">${t("send.repeats")}</span>`}
      </label>`,
    )}
    <${Editor} label=${t(`send.field.${payload}`)} value=${sending[payload]} json=${json} rows=${12}
      hint=${to.kind === "table" ? t("send.item") : ""} change=${(text) => put(payload, text)} />
    ${attributes && html`<${Attributes} of=${sending.attributes} set=${(all) => put("attributes", all)} />`}
  `;
}

function Attributes({ of, set }) {
  const rows = Object.entries(of);
  const change = (index, name, one) => set(Object.fromEntries(rows.map((row, place) => (place === index ? [name, one] : row))));
  return html`<fieldset class="send-attributes"><legend>${t("send.attributes")}</legend>
    ${rows.map(
      ([name, one], index) => html`<div key=${index} class="send-field">
        <input aria-label=${t("send.attribute.name")} class="mono" value=${name} onInput=${(event) => change(index, event.target.value, one)} />
        <select aria-label=${t("send.attribute.type")} value=${one.type} onChange=${(event) => change(index, name, { ...one, type: event.target.value })}>
          ${["String", "Number", "Binary"].map((type) => html`<option>${type}</option>`)}</select>
        <input aria-label=${t("send.attribute.value")} class="mono" value=${one.value} onInput=${(event) => change(index, name, { ...one, value: event.target.value })} />
        <button type="button" class="plain" aria-label=${t("send.attribute.remove")} onClick=${() => set(Object.fromEntries(rows.filter((_, place) => place !== index)))}>×</button>
      </div>`,
    )}
    <button type="button" disabled=${"" in of} onClick=${() => set({ ...of, "": { type: "String", value: "" } })}>${t("send.attribute.add")}</button>
  </fieldset>`;
}

function isReady(sending) {
  const { payload, json } = FIELDS[sending.kind];
  return json !== "must" || wrongJson(sending[payload]) === null;
}

/** What the API takes: a delay is a number, or not given. */
function clean(sending) {
  if (sending.kind !== "queue") return sending;
  return { ...sending, delay: sending.delay === "" || sending.delay === null ? null : Number(sending.delay) };
}

function Sent({ one, isOpen, busy, again, fill }) {
  const { sending, answer, at, repeats } = one;
  return html`
    <div class="q-head"><${Icon} kind=${sending.kind} />
      <b>${linkTo(sending.kind, sending.name) ? html`<a href=${linkTo(sending.kind, sending.name)}>${sending.name}</a>` : sending.name}</b><span class="quiet"><${Ago} at=${at} /></span><span class="space"></span>
      <button type="button" class="plain" disabled=${busy} onClick=${again}>${t("send.again")}</button>
      <button type="button" class="plain" onClick=${fill}>${t("send.edit")}</button></div>
    ${answer.id && html`<p>${answer.event
      ? html`<a class="mono" href=${link("events", [answer.event])}>${answer.id}</a>`
      : html`<span class="mono">${answer.id}</span> <a href=${link("events")}>${t("send.events")}</a>`}</p>`}
    ${repeats && html`<${Notice} kind="kept">${t("send.repeated")}<//>`}
    ${answer.function_error && html`<${Notice} kind="bad">${t("send.function_error", { error: answer.function_error })}<//>`}
    ${isOpen && html`<details open=${sending.kind === "function" && !sending.asynchronous}><summary>${t("send.answer")}</summary>
      <${Json} value=${answer.answer} label=${t("send.answer")} />
      ${answer.log && html`<h3>${t("send.log")}</h3><${Json} value=${answer.log} label=${t("send.log")} />`}</details>`}
  `;
}
