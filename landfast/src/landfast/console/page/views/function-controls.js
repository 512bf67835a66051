// What can be done to a function: its mappings paused, its concurrency reserved, its next calls made to fail.
import { mayChange, remove } from "console/api.js";
import { has, number, t } from "console/language.js";
import { Action, Icon, State } from "console/parts/common.js";
import { html, useState } from "console/preact.js";
import { link, linkTo } from "console/route.js";

const KINDS = { Enabled: "good", Disabled: "kept" };

/** A text with its rules as links. */
function About({ text }) {
  const pieces = text.split(/(S-\d+)/);
  return html`<p class="quiet">${pieces.map((piece, index) => (index % 2 ? html`<a href=${link("rules", [piece])}>${piece}</a>` : piece))}</p>`;
}

export function Feeds({ shown, kinds, change }) {
  const mapped = new Set(shown.mappings.map((each) => each.source));
  const others = shown.sources.filter((source) => !mapped.has(source));
  return html`<section class="card" aria-labelledby="functions-feeds">
    <h2 id="functions-feeds">${t("functions.feeds")}</h2>
    ${!shown.mappings.length && !others.length && !shown.schedules.length && html`<p class="quiet">${t("functions.feeds.none")}</p>`}
    <ul class="functions-feeds">
      ${shown.mappings.map((mapping) => html`<${Mapping} key=${mapping.uuid} mapping=${mapping} kind=${kinds[mapping.source]} change=${change} />`)}
      ${others.map((source) => html`<li key=${source}><${Source} name=${source} kind=${kinds[source]} /></li>`)}
      ${shown.schedules.map(([id, expression]) => html`<li key=${id}>${t("functions.schedule", { id })} <span class="mono">${expression}</span></li>`)}
    </ul>
    ${shown.mappings.length > 0 && html`<p class="quiet">${t("functions.pause.about")}</p>`}
  </section>`;
}

function Source({ name, kind }) {
  const inside = html`${kind && html`<${Icon} kind=${kind} />`}${name}`;
  const href = linkTo(kind, name);
  return href
    ? html`<a class="functions-name" href=${href}>${inside}</a>`
    : html`<span class="functions-name">${inside}</span>`;
}

function Mapping({ mapping, kind, change }) {
  const { uuid, source, state } = mapping;
  const key = state === "Disabled" || state === "Disabling" ? "functions.resume" : "functions.pause";
  const word = `functions.mapping.${state}`;
  return html`<li>
    <${Source} name=${source} kind=${kind} />
    <${State} kind=${KINDS[state] ?? "open"}>${has(word) ? t(word) : state}<//>
    <${Action} disabled=${!mayChange() || !(state in KINDS)} label=${t(`${key}.of`, { source })}
      act=${() => change(`/mappings/${uuid}`, { enabled: state === "Disabled" })}>${t(key)}<//>
  </li>`;
}

export function Concurrency({ shown, change }) {
  const [wanted, setWanted] = useState("1");
  const reserve = (reserved) => change("/concurrency", { reserved });
  const isOff = !mayChange();
  return html`<section class="card" aria-labelledby="functions-concurrency">
    <h2 id="functions-concurrency">${t("functions.concurrency")}</h2>
    <dl class="facts">
      <dt>${t("functions.now")}</dt><dd>${t("functions.warm", { running: shown.running, warm: shown.warm })}</dd>
      <dt>${t("functions.reserved")}</dt><dd>${shown.reserved === null ? t("functions.reserved.none") : number(shown.reserved)}</dd>
    </dl>
    <div class="functions-form">
      <${Action} kind="danger" disabled=${isOff || shown.reserved === 0} act=${() => reserve(0)}>${t("functions.reserve.zero")}<//>
      <input type="number" min="0" max="900" step="1" aria-label=${t("functions.reserved")} value=${wanted} disabled=${isOff}
        onInput=${(event) => setWanted(event.target.value)} />
      <${Action} disabled=${isOff || !/^\d+$/.test(wanted)} act=${() => reserve(Number(wanted))}>${t("functions.reserve")}<//>
      <${Action} disabled=${isOff || shown.reserved === null} act=${() => reserve(null)}>${t("functions.unreserve")}<//>
    </div>
    <${About} text=${t("functions.concurrency.about")} />
  </section>`;
}

const FAULTS = ["fail", "kill", "slow", "twice", "throttle"];

export function Faults({ shown, change }) {
  const [kind, setKind] = useState("fail");
  const [times, setTimes] = useState("1");
  const [always, setAlways] = useState(false);
  const [error, setError] = useState({ type: "Error", message: "" });
  const [seconds, setSeconds] = useState("5");
  const isOff = !mayChange();
  const isWrong = (!always && !(times >= 1)) || (kind === "fail" && !error.type) || (kind === "slow" && !(seconds > 0));
  const arm = () =>
    change("/faults", {
      kind,
      times: always ? null : Math.round(times),
      ...(kind === "fail" && { error_type: error.type, error_message: error.message }),
      ...(kind === "slow" && { seconds: Number(seconds) }),
    });
  const text = (key, value, set) => html`<label><span>${t(key)}</span>
    <input type="text" value=${value} maxlength="200" onInput=${(event) => set(event.target.value)} /></label>`;
  return html`<section class="card" aria-labelledby="functions-faults">
    <h2 id="functions-faults">${t("functions.faults")}</h2>
    <fieldset class="functions-form functions-fault" disabled=${isOff} aria-labelledby="functions-faults">
      <label><span>${t("functions.times")}</span>
        <input type="number" min="1" step="1" value=${times} disabled=${always} onInput=${(event) => setTimes(event.target.value)} /></label>
      <label class="functions-check"><input type="checkbox" checked=${always} onChange=${(event) => setAlways(event.target.checked)} /> ${t("functions.always")}</label>
      <label><span>${t("functions.fault")}</span>
        <select value=${kind} onChange=${(event) => setKind(event.target.value)}>
          ${FAULTS.map((each) => html`<option value=${each}>${t(`functions.fault.${each}`)}</option>`)}
        </select></label>
      ${kind === "fail" && text("functions.errortype", error.type, (type) => setError({ ...error, type }))}
      ${kind === "fail" && text("functions.errormessage", error.message, (message) => setError({ ...error, message }))}
      ${kind === "slow" && html`<label><span>${t("functions.seconds")}</span>
        <input type="number" min="0" max="900" step="any" value=${seconds} onInput=${(event) => setSeconds(event.target.value)} /></label>`}
      <${Action} kind="danger" disabled=${isWrong || isOff} act=${arm}>${t("functions.arm")}<//>
    </fieldset>
    <${About} text=${t(`functions.about.${kind}`)} />
    ${shown.faults.length > 0 && html`<h3>${t("functions.active")}</h3>
      <ul class="functions-feeds">${shown.faults.map(
        (fault) => html`<li key=${fault.number}>
          <${State} kind="kept">${t(`functions.fault.${fault.kind}`)}<//>
          <span>${fault.detail && html`<span class="mono">${fault.detail}${fault.kind === "slow" ? " s" : ""}</span>, `}
            ${fault.left === null ? t("functions.left.all") : t("functions.left", { count: fault.left })}</span>
          <${Action} disabled=${isOff} label=${`${t("functions.end")}: ${t(`functions.fault.${fault.kind}`)}`}
            act=${() => change(`/faults/${fault.number}`, undefined, (path) => remove(path))}>${t("functions.end")}<//>
        </li>`,
      )}</ul>`}
  </section>`;
}
