// The failures: what failed, by function and error; one of them with all that is known; and how it comes back.
import { mayChange, post } from "console/api.js";
import { number, t } from "console/language.js";
import { useFetched, useLive } from "console/live.js";
import { Ago, Countdown, Empty, Head, Notice, Trouble } from "console/parts/common.js";
import { html, useEffect, useRef, useState } from "console/preact.js";
import { go, link } from "console/route.js";
import { Detail } from "console/views/failure.js";
import { Discarding, Replaying } from "console/views/failure_work.js";

const TYPING = 300;
const PAGE = 100;
const FIELDS = ["function", "store"];

const both = (...conditions) => conditions.filter((each) => each?.trim()).join(" and ");
const quoted = (value) => (/^[\w.:/$-]+$/.test(value) ? value : `"${value.replaceAll('"', '""')}"`);

export function Failures({ parts, query }) {
  // What links here may name a function or a store: that is a condition like any other.
  const where = both(query.where, ...FIELDS.filter((field) => query[field]).map((field) => `${field}=${quoted(query[field])}`));
  const { group = "" } = query;
  const id = parts[0] ?? query.id ?? "";
  const [work, setWork] = useState(null);
  const { state } = useLive();
  const { data: told, problem, reload } = useFetched(`/failures?${new URLSearchParams({ where })}`);
  const right = useRef(null); // what was shown before, while a condition is being typed
  if (told && !told.wrong) right.current = told;
  const data = told?.wrong && right.current ? right.current : told;
  useEffect(reload, [state?.failures]);

  const place = (more) => link("failures", [], { where, group, ...more });
  const done = (job) => {
    setWork(null);
    reload();
    if (!job?.done || !work.meant.ids) return;
    go(place({ id: "" }), { replace: true });
    document.getElementById("main").focus({ preventScroll: true }); // what was in focus is not there any more
  };
  const functions = data?.functions ?? [];
  return html`
    <${Head} title=${t("failures.title")}>
      ${data && html`<span class="quiet number" role="status">${
        where ? t("failures.some", { count: data.count, total: data.total }) : t("failures.count", { count: data.total })
      }</span>`}
    <//>
    ${!mayChange() && html`<${Notice} kind="kept">${t("live.token")}<//>`}
    <${Filter} where=${where} wrong=${told?.wrong ?? ""} />
    <${Trouble} problem=${problem} />
    ${data?.untold.map((line) => html`<${Notice} kind="kept">${t("failures.untold", { line })}<//>`)}
    ${!data && !problem && html`<p class="quiet" role="status">${t("failures.looking")}</p>`}
    ${data && data.count === 0 && html`<${None} where=${where} data=${data} />`}
    ${data && (data.count > 0 || id) && html`<div class="failures ${id ? "with-one" : ""}">
      <section class="failures-list" aria-label=${t("failures.groups")}>
        ${data.count > 0 && html`<${Many} meant=${{ where }} count=${data.count} functions=${functions} act=${setWork} />`}
        <ol>${data.groups.map((each) => html`<${Group} key=${each.where} group=${each} where=${where} chosen=${each.where === group}
          id=${id} place=${place} act=${setWork} functions=${functions} changed=${state?.failures} />`)}</ol>
      </section>
      ${id
        ? html`<${Detail} key=${id} id=${id} functions=${functions} act=${setWork} back=${place({ id: "" })} changed=${state?.failures} />`
        : html`<p class="failures-hint quiet">${t("failures.choose")}</p>`}
    </div>`}
    ${work?.kind === "replay" && html`<${Replaying} ...${work} close=${done} />`}
    ${work?.kind === "discard" && html`<${Discarding} ...${work} close=${done} />`}
  `;
}

function Filter({ where, wrong }) {
  const [typed, setTyped] = useState(where);
  const timer = useRef(0);
  useEffect(() => setTyped(where), [where]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (text) => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => go(link("failures", [], { where: text.trim() }), { replace: true }), TYPING);
  };
  return html`<div class="failures-filter" role="search">
    <label for="failures-where">${t("failures.where")}</label>
    <input id="failures-where" type="search" class="mono" value=${typed} placeholder="error~Validation and function=MyFunction"
      spellcheck="false" autocapitalize="off" aria-invalid=${wrong ? "true" : undefined} aria-describedby="failures-where-told"
      onInput=${(event) => change(event.target.value)} />
    <p id="failures-where-told" role="status" class=${wrong ? "wrong" : "quiet"}>${wrong || t("failures.where.hint")}</p>
  </div>`;
}

function None({ where, data }) {
  return html`<${Empty} title=${t(where ? "failures.nomatch" : "failures.none")}>
    ${where
      ? html`<p><a href=${link("failures")}>${t("failures.all")}</a></p>`
      : html`<p>${t("failures.looked", { count: data.stores.length })} ${data.stores.map((store) => store.name).join(", ")}</p>`}
  <//>`;
}

function Group({ group, where, chosen, id, place, act, functions, changed }) {
  const name = group.error || group.reason || t("failures.noerror");
  const meant = { where: both(where, group.where) };
  return html`<li class="alike ${chosen ? "chosen" : ""}">
    <a class="alike-head" href=${place({ group: chosen ? "" : group.where, id: "" })} aria-expanded=${chosen}>
      <span class="alike-name"><strong>${name}</strong><span class="alike-count number">${number(group.count)}</span></span>
      ${group.message && html`<span class="alike-message">${group.message}</span>`}
      <span class="quiet">${[group.function, group.error && group.reason !== group.error ? group.reason : "", group.stores.join(", ")].filter(Boolean).join(" · ")}</span>
      <span class="alike-times quiet">
        <span>${t("failures.newest")} <${Ago} at=${group.newest} /></span>
        ${group.count > 1 && html`<span>${t("failures.oldest")} <${Ago} at=${group.oldest} /></span>`}
        <span>${group.expires === null ? t("failures.forgood") : html`${t(group.count > 1 ? "failures.first" : "failures.expires")} <${Countdown} due=${group.expires} />`}</span>
      </span>
    </a>
    ${chosen && html`<div class="alike-inside">
      <${Many} meant=${meant} count=${group.count} functions=${functions} act=${act} />
      <${List} where=${meant.where} count=${group.count} id=${id} place=${place} changed=${changed} />
    </div>`}
  </li>`;
}

/** What can be done with many at a time. */
function Many({ meant, count, functions, act }) {
  const [problem, setProblem] = useState(null);
  const save = () => download(meant).then(() => setProblem(null), setProblem);
  return html`<div class="failures-many">
    <button type="button" disabled=${!mayChange()} onClick=${() => act({ kind: "replay", meant, functions })}>${t("failures.replay.many", { count })}</button>
    <button type="button" class="plain" onClick=${save}>${t("failures.export")}</button>
    <button type="button" class="plain danger" disabled=${!mayChange()} onClick=${() => act({ kind: "discard", meant, count })}>${t("failures.discard.many")}</button>
    <${Trouble} problem=${problem} />
  </div>`;
}

function List({ where, count, id, place, changed }) {
  const [limit, setLimit] = useState(PAGE);
  const { data, problem, reload } = useFetched(`/failures/list?${new URLSearchParams({ where, limit })}`);
  useEffect(reload, [changed, count]);
  if (!data) return html`<${Trouble} problem=${problem} />`;
  return html`
    <ul class="failures-ids">${data.failures.map((each) => html`<li key=${each.id}>
      <a href=${place({ id: each.id })} aria-current=${each.id === id ? "true" : undefined}>
        <code>${each.id}</code>
        <span class="quiet"><${Ago} at=${each.at} /></span>
        ${each.attempts !== null && html`<span class="quiet">${t("failures.tries", { count: each.attempts })}</span>`}
        ${each.replay_of && html`<span class="quiet">${t("failures.again")}</span>`}
        ${each.message && html`<span class="failures-line" title=${each.message}>${each.message}</span>`}
      </a>
    </li>`)}</ul>
    ${data.count > data.failures.length && limit < 1000 && html`<button type="button" class="plain" onClick=${() => setLimit(Math.min(1000, limit + PAGE))}>
      ${t("failures.more", { count: data.count - data.failures.length })}</button>`}
  `;
}

/** Save failures as a file of JSON Lines, as `landfast failures import` takes it. */
export async function download(meant) {
  const { name, text } = await post("/failures/export", meant);
  const address = URL.createObjectURL(new Blob([text], { type: "application/jsonl" }));
  const anchor = Object.assign(document.createElement("a"), { href: address, download: name });
  anchor.click();
  URL.revokeObjectURL(address);
}
