// The functions: how they run, what feeds them, and what can be done to them; and one function with its log.
import { post } from "console/api.js";
import { number, span, t } from "console/language.js";
import { useFetched, useRepeated } from "console/live.js";
import { Empty, Head, Icon, Notice, Span, State, Trouble } from "console/parts/common.js";
import { html } from "console/preact.js";
import { link } from "console/route.js";
import { Concurrency, Faults, Feeds } from "console/views/function-controls.js";
import { Log } from "console/views/function-log.js";

export function Functions({ parts, query }) {
  return parts.length ? html`<${One} key=${parts[0]} name=${parts[0]} request=${query.request ?? ""} />` : html`<${All} />`;
}

function All() {
  const { data: functions, problem, reload } = useFetched("/functions");
  useRepeated(reload, 2000);
  const title = t("functions.title");
  if (!functions) return html`<${Head} title=${title} /><${Trouble} problem=${problem} />`;
  if (!functions.length) return html`<${Head} title=${title} /><${Empty} title=${t("functions.empty")} />`;
  const columns = ["invocations", "failures", "throttles"];
  return html`
    <${Head} title=${title} />
    <${Trouble} problem=${problem} />
    <div class="table functions" tabindex="0" role="region" aria-label=${title}><table>
      <thead><tr>
        <th scope="col">${t("functions.name")}</th><th scope="col">${t("functions.state")}</th>
        ${columns.map((each) => html`<th scope="col" class="number">${t(`functions.${each}`)}</th>`)}
        <th scope="col" class="number">p50</th><th scope="col" class="number">p95</th>
        <th scope="col" class="number">${t("functions.cold")}</th><th scope="col" class="number">${t("functions.now")}</th>
        <th scope="col">${t("functions.latest")}</th>
      </tr></thead>
      <tbody>${functions.map((each) => html`<${Row} key=${each.name} function=${each} />`)}</tbody>
    </table></div>
    <p class="quiet">${t("functions.counted")}</p>
  `;
}

function Row({ function: { name, invocations, failures, throttles, figures, running, reserved, ...rest } }) {
  const wrong = (count) => html`<td class="number ${count ? "functions-wrong" : "quiet"}">${number(count)}</td>`;
  return html`<tr>
    <th scope="row"><a class="functions-name" href=${link("functions", [name])}><${Icon} kind="function" />${name}</a></th>
    <td><${Condition} of=${{ reserved, ...rest }} /></td>
    <td class="number">${number(invocations)}</td>${wrong(failures)}${wrong(throttles)}
    <td class="number"><${Took} seconds=${figures.p50} /></td>
    <td class="number"><${Took} seconds=${figures.p95} /></td>
    <td class="number">${number(figures.cold)}</td>
    <td class="number">${running}${reserved === null ? "" : ` / ${number(reserved)}`}</td>
    <td><${Bars} figures=${figures} /></td>
  </tr>`;
}

/** What of a function is not as it usually is. */
function Condition({ of: { broken, reserved, mappings, faults } }) {
  const told = [
    broken && ["bad", "broken"],
    reserved === 0 && ["bad", "throttled"],
    mappings.some((each) => each.state === "Disabled" || each.state === "Disabling") && ["kept", "paused"],
    faults.length > 0 && ["kept", "faulty"],
  ].filter(Boolean);
  if (!told.length) return html`<${State} kind="good">${t("functions.ready")}<//>`;
  return html`<span class="functions-states">${told.map(([kind, word]) => html`<${State} kind=${kind}>${t(`functions.${word}`)}<//>`)}</span>`;
}

const Took = ({ seconds }) => (seconds === null ? html`<span class="quiet">–</span>` : html`<${Span} seconds=${seconds} />`);

/** The durations of the latest invocations as bars, the newest at the right. */
function Bars({ figures: { latest }, height = 22 }) {
  if (!latest.length) return html`<span class="quiet">–</span>`;
  const longest = Math.max(...latest.map((run) => run.duration));
  const failed = latest.filter((run) => run.error).length;
  const title = t("functions.latest.title", { count: latest.length, longest: span(longest), failed });
  return html`<svg class="functions-bars" role="img" aria-label=${title} viewBox="0 0 240 ${height}" preserveAspectRatio="none">
    <title>${title}</title>
    ${latest.map((run, index) => {
      const tall = Math.max(2, (run.duration / (longest || 1)) * (height - 1));
      const kind = `${run.error ? "failed" : ""} ${run.init === null ? "" : "cold"}`;
      return html`<rect class=${kind} x=${240 - (latest.length - index) * 4 + 0.5} y=${height - tall} width="3" height=${tall - 0.5} />`;
    })}
  </svg>`;
}

function One({ name, request }) {
  const { data: shown, problem, reload } = useFetched(`/functions/${encodeURIComponent(name)}`);
  const { data: stack } = useFetched("/stack", { follow: false });
  useRepeated(reload, 1000);
  if (!shown) return html`<${Head} title=${name} /><${Trouble} problem=${problem} />`;
  const kinds = Object.fromEntries((stack?.nodes ?? []).map((node) => [node.name, node.kind]));
  const change = async (path, content, ask = post) => {
    await ask(`/functions/${encodeURIComponent(name)}${path}`, content);
    reload();
  };
  return html`
    <${Head} title=${name}>
      <a class="button" href=${link("functions")}>${t("functions.back")}</a>
      <a class="button" href=${link("events", [], { function: name })}>${t("functions.events")}</a>
    <//>
    <${Trouble} problem=${problem} />
    ${shown.broken && html`<${Notice} kind="bad">${shown.broken}<//>`}
    <div class="functions-parts">
      <${Facts} shown=${shown} name=${name} />
      <${Feeds} shown=${shown} kinds=${kinds} change=${change} />
      <${Concurrency} shown=${shown} change=${change} />
      <${Faults} shown=${shown} change=${change} />
    </div>
    <${Log} name=${name} request=${request} />
  `;
}

function Facts({ shown, name }) {
  const { figures } = shown;
  const cold = { cold: figures.cold, runs: figures.runs, init: figures.init === null ? "" : span(figures.init) };
  const memory = { used: figures.memory, size: shown.memory };
  return html`<section class="card" aria-labelledby="functions-how">
    <div class="functions-title"><h2 id="functions-how">${t("functions.how")}</h2><${Condition} of=${shown} /></div>
    ${figures.runs
      ? html`<${Bars} figures=${figures} height=${56} /><p class="quiet functions-legend">${t("functions.legend")}</p>`
      : html`<p class="quiet">${t("functions.none")}</p>`}
    <dl class="facts">
      ${["invocations", "failures", "throttles"].map((each) => html`
        <dt>${t(`functions.${each}`)}</dt><dd class="number">${number(shown[each])}</dd>`)}
      <dt>${t("functions.durations")}</dt>
      <dd>p50 <${Took} seconds=${figures.p50} />, p95 <${Took} seconds=${figures.p95} />, ${t("functions.longest")} <${Took} seconds=${figures.longest} /></dd>
      <dt>${t("functions.cold")}</dt><dd>${t(figures.cold ? "functions.cold.took" : "functions.cold.of", cold)}</dd>
      <dt>${t("functions.memory")}</dt><dd>${t(figures.memory === null ? "functions.memory.size" : "functions.memory.used", memory)}</dd>
      <dt>${t("functions.timeout")}</dt><dd><${Span} seconds=${shown.timeout} /></dd>
      <dt>${t("functions.handler")}</dt><dd class="mono">${shown.handler}</dd>
      ${figures.last_error && html`<dt>${t("functions.error")}</dt>
        <dd><span class="mono">${figures.last_error.error}</span>${" "}
          <a href=${link("functions", [name], { request: figures.last_error.request_id })}>${t("functions.error.log")}</a></dd>`}
    </dl>
  </section>`;
}
