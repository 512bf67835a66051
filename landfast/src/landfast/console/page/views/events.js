// The events: every record of every source, newest first, as they come.
import { dateTime, number, span, t } from "console/language.js";
import { now, useFetched, useTick } from "console/live.js";
import { Countdown, Empty, Head, Moment, Notice, State, Trouble } from "console/parts/common.js";
import { LongTable } from "console/parts/long_table.js";
import { html, useEffect, useRef, useState } from "console/preact.js";
import { go, link } from "console/route.js";

const STATES = ["pending", "running", "processed", "to_destination", "dead_lettered", "dropped", "filtered"];
const WITHIN = [60, 600, 3600, 86400];
const STEP = 50; // rows that are asked for begin at a multiple of this
const TYPING = 200; // milliseconds until what was typed is looked for
const READING = 400; // milliseconds until it is asked again how far the journal is read

export function Events({ query }) {
  const { text = "", function: name = "", state = "", within = "" } = query;
  const [range, setRange] = useState([0, 50]);
  const [upto, setUpto] = useState(null);
  const [top, setTop] = useState(0);
  const filters = JSON.stringify([text, name, state, within]);
  const from = Math.floor(range[0] / STEP) * STEP;
  const limit = Math.min(500, Math.ceil((range[1] - from) / STEP) * STEP || STEP);
  const asked = { text, function: name, state, within, upto: upto ?? "", offset: from, limit };
  const { data, problem, loading, reload } = useFetched(`/events?${new URLSearchParams(asked)}`);
  const newest = useRef(null);
  newest.current = data?.upto ?? null;
  useEffect(() => {
    // All of a long journal is read while its newest events are shown already.
    const timer = data && data.read < 1 && setTimeout(reload, READING);
    return () => clearTimeout(timer);
  }, [data, reload]);
  useEffect(() => {
    setUpto(null);
    setTop((count) => count + 1);
  }, [filters]);

  const choose = (more, options) => go(link("events", [], { text, function: name, state, within, ...more }), options);
  const clear = () => go(link("events"), { replace: true });
  const filtered = Boolean(text || name || state || within);
  return html`
    <${Head} title=${t("events.title")}>
      ${data && html`<span class="quiet number">${
        data.read < 1 ? t("events.reading", { percent: Math.floor(data.read * 100) }) : told(data, filtered)
      }</span>`}
    <//>
    <${Filters} chosen=${{ text, name, states: state ? state.split(",") : [], within }} data=${data} choose=${choose} />
    <${Trouble} problem=${problem} />
    ${data && data.total === 0 && !filtered && html`<${None} />`}
    ${data && data.matching === 0 && (data.total > 0 || filtered) && html`<${Empty} title=${t("events.nomatch")}>
      <p><button type="button" onClick=${clear}>${t("events.clear")}</button></p><//>`}
    ${data && data.matching > 0 && html`<div class="events">
      ${upto !== null && data.newer > 0 && html`<button type="button" class="main events-new" onClick=${() => setTop(top + 1)}>
        ${t("events.newer", { count: data.newer })}</button>`}
      <${LongTable} label=${t("events.title")} count=${data.matching} columns=${columns()} busy=${loading} top=${top}
        rowAt=${(index) => data.events[index - data.offset]} keyOf=${(event) => `${event.source}/${event.id}`}
        show=${(first, last) => setRange([first, last])} open=${(event) => go(link("events", [event.id]))}
        hold=${(held) => setUpto(held ? newest.current : null)} />
    </div>`}
  `;
}

const told = ({ matching, total }, filtered) =>
  filtered ? t("events.some", { matching, total }) : t("events.count", { count: total });

function Filters({ chosen, data, choose }) {
  const [typed, setTyped] = useState(chosen.text);
  const timer = useRef(0);
  useEffect(() => setTyped(chosen.text), [chosen.text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (event) => {
    const text = event.target.value;
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => choose({ text }, { replace: true }), TYPING);
  };
  const toggle = (state) => {
    const states = chosen.states.includes(state) ? chosen.states.filter((each) => each !== state) : [...chosen.states, state];
    choose({ state: states.join(",") });
  };
  const shown = STATES.filter((state) => data?.states[state] || chosen.states.includes(state));
  const functions = [...new Set([...(data?.functions ?? []), chosen.name])].filter(Boolean).sort();
  return html`<search class="filters">
    <label class="filter-text"><span class="hidden">${t("events.text")}</span>
      <input type="search" value=${typed} placeholder=${t("events.text")} autocomplete="off" spellcheck=${false} onInput=${type} /></label>
    <label><span class="hidden">${t("events.function")}</span>
      <select value=${chosen.name} onChange=${(event) => choose({ function: event.target.value })}>
        <option value="">${t("events.everyfunction")}</option>
        ${functions.map((each) => html`<option key=${each} value=${each}>${each}</option>`)}
      </select></label>
    <label><span class="hidden">${t("events.time")}</span>
      <select value=${chosen.within} onChange=${(event) => choose({ within: event.target.value })}>
        <option value="">${t("events.anytime")}</option>
        ${WITHIN.map((each) => html`<option key=${each} value=${each}>${t("events.within", { span: span(each) })}</option>`)}
      </select></label>
    <div class="chips" role="group" aria-label=${t("events.state")}>
      ${shown.map((state) => html`<button key=${state} type="button" class="chip" aria-pressed=${chosen.states.includes(state)}
        onClick=${() => toggle(state)}><${State} of=${state} /><span class="number">${number(data?.states[state] ?? 0)}</span></button>`)}
    </div>
  </search>`;
}

const columns = () => [
  { name: "at", title: t("events.at"), cell: (event) => html`<${Moment} at=${event.at} />` },
  { name: "age", title: t("events.age"), cell: (event) => html`<${Age} at=${event.at} />`, hint: (event) => dateTime(event.at) },
  { name: "state", title: t("events.state"), cell: (event) => html`<${State} of=${event.state} />`, hint: (event) => event.rule },
  {
    name: "event",
    title: t("events.event"),
    cell: ({ id }) => html`<a class="mono" href=${link("events", [id])} tabindex="-1">${id}</a>`,
    hint: ({ id, origin, test }) => [id, origin, test].filter(Boolean).join("\n"),
  },
  {
    name: "function",
    title: t("events.function"),
    cell: (event) => event.function || event.source,
    hint: (event) => event.source,
  },
  { name: "attempts", title: t("events.attempts"), cell: (event) => html`<span class="number">${number(event.attempts)}</span>` },
  {
    name: "told",
    title: t("events.told"),
    cell: (event) => html`<${Told} event=${event} />`,
    hint: ({ error, target }) => [error, target].filter(Boolean).join("\n"),
  },
];

function Age({ at }) {
  useTick();
  const [size, unit] = span(Math.max(0, Math.floor(now() - at))).split(" ");
  return html`<span class="number">${size} ${unit}</span>`;
}

/** What there is to say in one line: until when it waits, its last error, where it was sent. */
function Told({ event: { due, error, target } }) {
  const place = target.split(":").at(-1);
  return html`${due !== null && html`<span class="due">${t("events.again")} <${Countdown} due=${due} /></span>`}
    ${place && html`<span class="kept-in">→ ${place}</span>`} ${error && html`<span class="mono">${error}</span>`}`;
}

function None() {
  return html`<${Empty} title=${t("events.none")}>
    <p>${t("events.none.how")}</p>
    <p><a class="button" href=${link("send")}>${t("events.none.send")}</a></p>
  <//>`;
}
