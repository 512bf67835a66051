// One failure with all that is known of it.
import { mayChange } from "console/api.js";
import { dateTime, has, span, t } from "console/language.js";
import { useFetched, useTick } from "console/live.js";
import { Ago, Countdown, Json, Notice, Trouble } from "console/parts/common.js";
import { html, useEffect, useRef } from "console/preact.js";
import { link } from "console/route.js";

/** Where a replay goes, in a sentence. */
export const going = ({ by, to, reason }) => t(`failures.by.${by}`, { to, reason });

/** The rule that ended it, in the reader's language where there is such a sentence, with links to the rules it names. */
const rule = ({ rule_key: key, rule: sentence }) =>
  (has(`failures.rule.${key}`) ? t(`failures.rule.${key}`) : sentence)
    .split(/(S-\d+)/)
    .map((part, place) => (place % 2 ? html`<a href=${link("rules", [part])}>${part}</a>` : part));

export function Detail({ id, functions, act, back, changed }) {
  const { data: told, problem, reload } = useFetched(`/failures/${encodeURIComponent(id)}`, { follow: false });
  useEffect(reload, [changed]);
  const data = told?.failure;
  const heading = useRef(null);
  const loaded = Boolean(data);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    heading.current?.scrollIntoView({ block: "nearest" });
  }, [loaded]);
  if (!data) {
    return html`<section class="failure card" aria-label=${id}>
      ${told && html`<${Notice} kind="open">${t("failures.gone")}<//>`}
      <${Trouble} problem=${problem} />
      <a class="failure-back" href=${back}>${t("failures.back")}</a>
    </section>`;
  }
  const { listed, remains } = data;
  const ids = { ids: [id] };
  return html`<article class="failure card" aria-labelledby="failure-title">
    <a class="failure-back" href=${back}>${t("failures.back")}</a>
    <header>
      <h2 id="failure-title" ref=${heading} tabindex="-1">${listed.error || listed.reason || t("failures.noerror")}</h2>
      ${listed.message && html`<p class="failure-message">${listed.message}</p>`}
      <p class="failure-rule">${rule(data)}</p>
    </header>
    <div class="failure-actions">
      <button type="button" class="main" disabled=${!mayChange()} onClick=${() => act({ kind: "replay", meant: ids, functions, draft: data.draft })}>${t("failures.replay.one")}</button>
      <button type="button" class="danger" disabled=${!mayChange()} onClick=${() => act({ kind: "discard", meant: ids, count: 1 })}>${t("failures.discard.one")}</button>
    </div>
    <${Facts} id=${id} data=${data} />
    ${data.trace.length > 0 && html`<section><h3>${t("failures.trace")}</h3>
      <pre class="code" tabindex="0" role="region" aria-label=${t("failures.trace")}>${data.trace.join("\n")}</pre></section>`}
    ${remains && html`<${Remains} remains=${remains} />`}
    ${!remains && html`<section><h3>${t("failures.event")}</h3><${Json} value=${data.draft.text} label=${t("failures.event")} /></section>`}
    <details><summary>${t("failures.raw", { store: listed.store })}</summary><${Json} value=${data.raw} label=${t("failures.raw", { store: listed.store })} /></details>
  </article>`;
}

function Facts({ id, data }) {
  const { listed, destination } = data;
  const facts = [
    ["failures.function", listed.function && html`<a href=${link("functions", [listed.function])}>${listed.function}</a>`],
    ["failures.what", t(has(`failures.what.${data.what}`) ? `failures.what.${data.what}` : "failures.what.something else")],
    ["failures.store", html`${listed.store}${listed.reader && html` <span class="quiet">${t("failures.reader", { reader: listed.reader })}</span>`}`],
    ["failures.reason", listed.error && listed.error !== listed.reason ? listed.reason : ""],
    ["failures.attempts", listed.attempts],
    ["failures.since", html`<${Ago} at=${listed.at} /> <span class="quiet">${dateTime(listed.at)}</span>`],
    ["failures.until", listed.expires === null ? t("failures.forever") : html`<${Countdown} due=${listed.expires} /> <span class="quiet">${dateTime(listed.expires)}</span>`],
    ["failures.goes", going(destination)],
    ["failures.replayof", listed.replay_of && html`<code>${listed.replay_of}</code>`],
    ["failures.way", data.event && html`<a href=${link("events", [data.event])}>${t("failures.whole")}</a>`],
    ["failures.runbook", data.runbook && (/^https?:/.test(data.runbook) ? html`<a href=${data.runbook} rel="noreferrer">${data.runbook}</a>` : html`<code>${data.runbook}</code>`)],
    ["failures.id", html`<code>${id}</code>`],
  ];
  return html`<dl class="facts">${facts.filter(([, value]) => value || value === 0).map(([name, value]) => html`<dt>${t(name)}</dt><dd>${value}</dd>`)}</dl>`;
}

/** The records of a stream that a failure is about, as far as the stream has them. */
function Remains({ remains }) {
  useTick(60_000);
  const { stream, shard, count, missing, left, records } = remains;
  return html`<section>
    <h3>${t("failures.records")}</h3>
    <p class="quiet">${t("failures.position", { count, stream, shard })}</p>
    ${missing > 0 && html`<${Notice} kind="bad">${t("failures.missing", { count: missing })}<//>`}
    ${left !== null && html`<p>${t("failures.left", { span: span(left) })}</p>`}
    ${records.map(({ sequence, text }) => html`<details key=${sequence} open=${records.length < 4}>
      <summary><code>${sequence}</code></summary><${Json} value=${text} label=${sequence} /></details>`)}
    ${count - missing > records.length && html`<p class="quiet">${t("failures.morerecords", { count: count - missing - records.length })}</p>`}
  </section>`;
}
