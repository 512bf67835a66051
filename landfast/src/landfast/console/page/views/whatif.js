// What if: the settings of an event source beside traffic, and what Lambda would make of both.
import { get, post } from "console/api.js";
import { number, span, t } from "console/language.js";
import { useFetched } from "console/live.js";
import { Account } from "console/parts/account.js";
import { Action, Empty, Head, Notice, State, Trouble } from "console/parts/common.js";
import { at, packed, put, unpacked } from "console/parts/scenario.js";
import { html, useEffect, useId, useRef, useState } from "console/preact.js";
import { go, link } from "console/route.js";

const PAUSE = 80;
const MADE = { count: 20, per_second: 2 };
const SCRIPT = [{ outcome: "raise", records: ["r5"] }];
const OUTCOMES = ["raise", "timeout", "exit", "throttle", "report", "succeed"];
const OF_FUNCTION = ["Timeout", "ReservedConcurrentExecutions"];

export function WhatIf({ parts, query }) {
  const { data, problem } = useFetched("/whatif/sources", { follow: false });
  const [held] = useState(query.s); // what is tried goes into the address later, which is no link that was followed
  const [opened, setOpened] = useState(held ? undefined : null);
  useEffect(() => {
    if (held) unpacked(held).then(setOpened);
  }, []);
  if (!data || opened === undefined) return html`<${Head} title=${t("whatif.title")} /><${Trouble} problem=${problem} />`;
  const source = data.sources.find((each) => each.name === (parts[0] ?? opened?.source)) ?? data.sources[0];
  if (!source) return html`<${Head} title=${t("whatif.title")} /><${Empty} title=${t("whatif.none")} />`;
  return html`
    <${Head} title=${t("whatif.title")}>
      <label><span>${t("whatif.source")}</span>${" "}
        <select value=${source.name} onChange=${(event) => go(link("whatif", [event.target.value]))}>
          ${data.sources.map((each) => html`<option value=${each.name}>${each.reads ? `${each.reads} → ${each.function}` : `${each.name}: ${t("whatif.events")}`}</option>`)}
        </select></label>
    <//>
    ${held && opened === null && html`<${Notice} kind="bad">${t("whatif.badlink")}<//>`}
    <${Trial} key=${source.name} source=${source} destinations=${data.destinations} opened=${opened?.source === source.name ? opened : null} />
  `;
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** The scenario with the settings that there are, and everything else as it is tried. */
function present(source, scenario) {
  const script = Object.fromEntries(Object.entries(scenario.function).filter(([name]) => !OF_FUNCTION.includes(name)));
  return {
    ...scenario,
    source: { ...source.scenario.source, records: scenario.source.records },
    mapping: source.scenario.mapping,
    function: { ...script, ...source.scenario.function },
  };
}

function Trial({ source, destinations, opened }) {
  const [recorded, setRecorded] = useState(null);
  const [trouble, setTrouble] = useState(null);
  const [scenario, setScenario] = useState(opened?.scenario ?? null);
  const set = (place, value) => setScenario((last) => ({ mapping: {}, ...put(last, place, value) }));
  const use = (records, script) =>
    setScenario((last) => ({
      ...(last ?? source.scenario),
      source: { ...(last ?? source.scenario).source, records },
      function: { ...(last ?? source.scenario).function, ...script },
    }));
  const made = () => use(MADE, { duration: 0.2, behaviour: SCRIPT });
  const replay = (found) => use(found.records, { duration: found.duration, behaviour: found.behaviour });
  const load = async () => {
    const found = await get(`/whatif/traffic/${encodeURIComponent(source.name)}`);
    setRecorded(found);
    return found;
  };
  useEffect(() => {
    load().then((found) => !opened && (found.records.length ? replay(found) : made()), setTrouble);
  }, []);

  const beside = scenario && present(source, scenario);
  const answer = useAnswer(scenario && { source: source.name, scenario, beside });
  const unchanged = scenario && source.settings.every(({ place }) => same(at(scenario, place), at(source.scenario, place)));
  const kept = useLink(source, scenario);
  if (!scenario) return html`<${Trouble} problem=${trouble} />`;
  const refused = answer.data?.refused;
  return html`<div class="whatif">
    <form class="whatif-form" onSubmit=${(event) => event.preventDefault()}>
      <section class="card">
        <header class="head"><h2>${t("whatif.settings")}</h2>
          <button type="button" class="plain" disabled=${unchanged} onClick=${() => setScenario(beside)}>${t("whatif.reset")}</button></header>
        ${source.settings.map((setting) => html`<${Field} key=${setting.place} setting=${setting} kind=${source.kind} destinations=${destinations}
          value=${at(scenario, setting.place)} was=${at(source.scenario, setting.place)} set=${(value) => set(setting.place, value)}
          refused=${refused && [setting.place, ...setting.refused_at].includes(refused.place) ? refused.message : ""} />`)}
      </section>
      <${Traffic} source=${source} scenario=${scenario} set=${set} recorded=${recorded} made=${made} replay=${replay} load=${load} />
      <${Script} scenario=${scenario} set=${set} />
    </form>
    <section class="whatif-result">
      <${Result} answer=${answer} unchanged=${unchanged}><${Copy} text=${kept}>${t("whatif.link")}<//><//>
      ${answer.data?.yaml && html`<section class="card"><header class="head"><h2>${t("whatif.yaml")}</h2>
        <${Copy} text=${answer.data.yaml}>${t("whatif.copy")}<//></header>
        <pre class="code" tabindex="0" role="region" aria-label=${t("whatif.yaml")}>${answer.data.yaml}</pre></section>`}
      ${answer.data?.account && html`<${Account} of=${answer.data.account} />`}
    </section>
  </div>`;
}

/** The answer to the last question: asked when nobody has typed for a moment, one at a time. */
function useAnswer(question) {
  const [answer, setAnswer] = useState({ data: null, problem: null, busy: true });
  const text = JSON.stringify(question);
  const next = useRef(null);
  const busy = useRef(false);
  useEffect(() => {
    if (!question) return undefined;
    const timer = setTimeout(async () => {
      next.current = question;
      if (busy.current) return;
      busy.current = true;
      while (next.current) {
        const asked = next.current;
        next.current = null;
        setAnswer((last) => ({ ...last, busy: true }));
        const found = await post("/whatif", asked).then((data) => ({ data, problem: null }), (problem) => ({ data: null, problem }));
        if (!next.current) setAnswer({ ...found, busy: false });
      }
      busy.current = false;
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return answer;
}

/** Keeps the scenario in the address, so that going back, a reload and a copied link bring it again. */
function useLink(source, scenario) {
  const [url, setUrl] = useState("");
  useEffect(() => {
    if (!scenario) return undefined;
    let current = true;
    const timer = setTimeout(async () => {
      const target = link("whatif", [source.name], { s: await packed({ source: source.name, scenario }) });
      if (!current || !location.hash.startsWith("#/whatif")) return;
      history.replaceState(null, "", target);
      setUrl(location.origin + location.pathname + target);
    }, 3 * PAUSE);
    return () => ((current = false), clearTimeout(timer));
  }, [JSON.stringify(scenario)]);
  return url;
}

function Copy({ text, children }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return html`<${Action} act=${copy}>${copied ? t("whatif.copied") : children}<//>`;
}

/** The range of a number in words. */
function limits({ low, high, endless }) {
  if (low === null) return "";
  return `${number(low)}–${number(high)}${endless === null ? "" : `, ${endless}: ${t("whatif.endless")}`}`;
}

function Field({ setting, value, was, set, refused, destinations, kind }) {
  const id = useId();
  const { name, low, high, endless } = setting;
  const changed = !same(value, was);
  const about = `${id}-about`;
  const common = { id, "aria-describedby": about, "aria-invalid": refused ? "true" : undefined };
  return html`<div class="setting of-${setting.kind} ${changed ? "changed" : ""}">
    <label for=${id} class="mono">${name.split(/(?=[A-Z])/).map((word, place) => [place > 0 && html`<wbr />`, word])}</label>
    ${setting.kind === "number"
      ? html`<input ...${common} type="number" min=${endless ?? low} max=${high} step="1" value=${value ?? ""} placeholder=${told(setting, setting.default)}
          onInput=${({ target }) => (target.value === "" ? target.validity.badInput || set(undefined) : set(Number(target.value)))} />`
      : setting.kind === "destination"
        ? html`<select ...${common} value=${value ?? ""} onChange=${({ target }) => set(target.value || undefined)}>
            <option value="">${t("whatif.nowhere")}</option>
            ${value && !destinations.some((each) => each.arn === value) && html`<option value=${value}>${value.split(":").pop()}</option>`}
            ${destinations.filter((each) => takes(kind, name, each.type)).map((each) => html`<option value=${each.arn}>${each.name} (${each.type})</option>`)}
          </select>`
        : html`<input ...${common} type="checkbox" checked=${Boolean(value?.length ?? value)}
            onChange=${({ target }) => set(target.checked ? (setting.kind === "report" ? ["ReportBatchItemFailures"] : true) : undefined)} />`}
    <span class="quiet about" id=${about}>
      ${refused ? html`<strong class="bad">${refused}</strong>` : [limits(setting), changed && t("whatif.was", { value: told(setting, was ?? setting.default) })].filter(Boolean).join(" · ")}
    </span>
  </div>`;
}

/** A value of a setting in words. */
function told(setting, value) {
  if (setting.kind === "boolean" || setting.kind === "report") return t(value?.length ?? value ? "whatif.yes" : "whatif.no");
  if (value === null || value === undefined) return t(setting.kind === "destination" ? "whatif.nowhere" : "whatif.unset");
  if (value === setting.endless) return t("whatif.endless");
  return setting.kind === "destination" ? value.split(":").pop() : String(value);
}

/** Whether a setting takes a destination of this type. */
function takes(kind, name, type) {
  if (name === "DeadLetterConfig") return type === "SQS" || type === "SNS";
  return kind === "async" || type === "SQS" || type === "SNS" || type === "S3";
}

function Traffic({ source, scenario, set, recorded, made, replay, load }) {
  const records = scenario.source.records;
  const listed = Array.isArray(records);
  const keys = source.kind === "sqs" ? source.scenario.source.queue.FifoQueue : source.kind !== "async";
  return html`<section class="card">
    <header class="head"><h2>${t("whatif.traffic")}</h2>
      <div class="segments">
        <button type="button" aria-pressed=${listed} disabled=${!listed && !recorded?.records.length} onClick=${() => listed || replay(recorded)}>${t("whatif.recorded")}</button>
        <button type="button" aria-pressed=${!listed} onClick=${() => listed && made()}>${t("whatif.made")}</button>
      </div></header>
    ${listed
      ? html`<ul class="lines">
          <li>${t("whatif.recorded.count", { count: records.length })}</li>
          ${recorded && ["left_out", "filtered", "unsure"].filter((name) => recorded[name]).map((name) => html`<li class="quiet">${t(`whatif.recorded.${name === "left_out" ? "older" : name}`, { count: recorded[name] })}</li>`)}
          <li class="quiet">${t("whatif.recorded.always")}</li></ul>
        <p><${Action} act=${async () => replay(await load())}>${t("whatif.recorded.again")}<//></p>`
      : html`${recorded && !recorded.records.length && html`<p class="quiet">${t("whatif.recorded.empty")}</p>`}
        <${Plain} label=${t("whatif.count")} min="0" max="2000" value=${records.count} set=${(value) => set("source.records.count", value ?? 0)} />
        <${Plain} label=${t("whatif.persecond")} min="0" step="any" value=${records.per_second} placeholder=${t("whatif.atonce")} set=${(value) => set("source.records.per_second", value || undefined)} />
        ${keys && html`<${Plain} label=${t(source.kind === "sqs" ? "whatif.groups" : "whatif.keys")} min="1" value=${records.keys} placeholder="1" set=${(value) => set("source.records.keys", value)} />`}
        ${(source.kind === "kinesis" || source.kind === "dynamodb") && html`<${Plain} label=${t("whatif.shards")} min="1" value=${records.shards} placeholder="1" set=${(value) => set("source.records.shards", value)} />`}`}
  </section>`;
}

function Plain({ label, value, set, ...more }) {
  const id = useId();
  return html`<div class="setting"><label for=${id}>${label}</label>
    <input id=${id} type="number" value=${value ?? ""} ...${more}
      onInput=${({ target }) => target.validity.badInput || set(target.value === "" ? undefined : Number(target.value))} /></div>`;
}

function Script({ scenario, set }) {
  const rules = scenario.function.behaviour ?? [];
  const change = (index, rule) => set("function.behaviour", rules.map((each, place) => (place === index ? rule : each)));
  const numbered = !Array.isArray(scenario.source.records);
  return html`<section class="card">
    <h2>${t("whatif.function")}</h2>
    <${Plain} label=${t("whatif.duration")} min="0" step="any" value=${scenario.function.duration} placeholder="0" set=${(value) => set("function.duration", value)} />
    <ol class="script">${rules.map((rule, index) => html`<li key=${index}>
      <${Does} rule=${rule} count=${index + 1} numbered=${numbered} change=${(made) => change(index, made)} />
      <button type="button" class="plain" aria-label="${t("whatif.remove")}: ${t("whatif.rule", { count: index + 1 })}"
        onClick=${() => set("function.behaviour", rules.filter((_, place) => place !== index))}>×</button>
    </li>`)}</ol>
    <p class="quiet">${t("whatif.otherwise")}</p>
    <p><button type="button" onClick=${() => set("function.behaviour", [...rules, SCRIPT[0]])}>${t("whatif.add")}</button></p>
  </section>`;
}

function Does({ rule, count, numbered, change }) {
  const which = rule.every !== undefined ? "every" : rule.records ? "records" : "all";
  const without = ({ records, every, report, ...rest }) => rest;
  const choose = (kind) => change({ ...without(rule), ...(kind === "every" ? { every: 5 } : kind === "records" ? { records: ["r1"] } : {}) });
  const outcomes = OUTCOMES.includes(rule.outcome) ? OUTCOMES : [rule.outcome, ...OUTCOMES];
  return html`<div class="scripted" role="group" aria-label=${t("whatif.rule", { count })}>
    <select aria-label=${t("whatif.does")} value=${rule.outcome} onChange=${({ target }) => change({ ...rule, outcome: target.value })}>
      ${outcomes.map((each) => html`<option value=${each}>${t(`whatif.do.${each}`)}</option>`)}</select>
    <select aria-label=${t("whatif.with")} value=${which} onChange=${({ target }) => choose(target.value)}>
      ${["all", "every", "records"].filter((each) => numbered || each !== "every").map((each) => html`<option value=${each}>${t(`whatif.with.${each}`)}</option>`)}</select>
    ${which === "every" && html`<input type="number" min="1" aria-label=${t("whatif.every")} value=${rule.every}
      onInput=${({ target }) => target.value >= 1 && change({ ...rule, every: Number(target.value) })} />`}
    ${which === "records" && html`<input type="text" class="mono" aria-label=${t("whatif.records")} value=${rule.records.join(", ")}
      onChange=${({ target }) => change({ ...without(rule), records: target.value.split(/[\s,]+/).filter(Boolean).slice(0, 2000).concat(target.value.trim() ? [] : ["r1"]) })} />`}
    <input type="number" min="1" aria-label=${t("whatif.times")} placeholder=${t("whatif.always")} value=${rule.invocations ?? ""}
      onInput=${({ target }) => {
        const { invocations, ...rest } = rule;
        change(target.value >= 1 ? { ...rest, invocations: Number(target.value) } : rest);
      }} />
  </div>`;
}

const STATES = ["processed", "to_destination", "dead_lettered", "dropped", "filtered", "pending"];

function Result({ answer, unchanged, children }) {
  const { data, problem, busy } = answer;
  if (problem) return html`<${Trouble} problem=${problem} />`;
  if (!data) return html`<p class="quiet">${t("whatif.working")}</p>`;
  if (data.refused) return html`<${Notice} kind="bad"><code>${data.refused.place}</code> ${data.refused.message}<//>`;
  const { account, beside, difference } = data;
  const rows = STATES.filter((name) => account.counts[name] || beside?.counts[name]);
  const kind = !difference || unchanged ? "open" : difference.lost || difference.unkept ? "bad" : difference.saved || difference.kept ? "good" : "open";
  return html`
    <div class="whatif-verdict"><${Notice} kind=${kind}>${unchanged ? t("whatif.same") : difference ? compared(difference) : t("whatif.tried")}<//>${children}</div>
    ${data.stopped !== null && html`<${Notice} kind="kept">${t("whatif.stopped", { span: span(data.stopped) })}<//>`}
    <div class="table counts ${busy ? "busy" : ""}" tabindex="0" role="region" aria-label=${t("whatif.result")}><table>
      <thead><tr><td></td>${beside && html`<th scope="col" class="number">${t("whatif.present")}</th>`}<th scope="col" class="number">${t("whatif.tried")}</th></tr></thead>
      <tbody>
        ${rows.map((name) => html`<${Count} key=${name} name=${html`<${State} of=${name} />`} before=${beside?.counts[name]} after=${account.counts[name]} />`)}
        <${Count} name=${t("whatif.invocations")} before=${beside?.counts.invocations} after=${account.counts.invocations} />
        ${(account.counts.throttles || beside?.counts.throttles) > 0 && html`<${Count} name=${t("whatif.throttles")} before=${beside?.counts.throttles} after=${account.counts.throttles} />`}
        <${Count} name=${t("whatif.ended")} before=${beside?.ended_at} after=${account.ended_at} />
      </tbody></table></div>
    <p class="quiet" aria-hidden="true">${busy ? t("whatif.working") : t("whatif.took", { count: Math.round(data.took) })}</p>`;
}

function Count({ name, before, after }) {
  return html`<tr class=${before !== undefined && before !== after ? "differs" : ""}><th scope="row">${name}</th>
    ${before !== undefined && html`<td class="number">${before}</td>`}<td class="number">${after}</td></tr>`;
}

/** What differs, in one line. */
function compared(difference) {
  const { blocked, ended, invocations } = difference;
  const told = ["saved", "kept", "lost", "unkept"].filter((name) => difference[name]).map((name) => t(`whatif.diff.${name}`, { count: difference[name] }));
  if (blocked) told.push(t(`whatif.diff.${blocked > 0 ? "longer" : "shorter"}`, { span: span(Math.abs(blocked)) }));
  else if (ended) told.push(t(`whatif.diff.${ended > 0 ? "later" : "earlier"}`, { span: span(Math.abs(ended)) }));
  if (invocations) told.push(t(`whatif.diff.${invocations > 0 ? "more" : "fewer"}`, { count: Math.abs(invocations) }));
  return told.length ? told.join(", ") : t("whatif.nothing");
}
