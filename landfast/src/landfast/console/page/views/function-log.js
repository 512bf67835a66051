// The log of a function, as it is written; of all invocations, or of one.
import { get } from "console/api.js";
import { clockTime, dateTime, t } from "console/language.js";
import { Trouble } from "console/parts/common.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "console/preact.js";
import { link } from "console/route.js";

const BETWEEN = 1000;
const MOST = 2000;

/** The lines of a log, read on every second while they are followed. */
function useLines(name, request, follow) {
  const [log, setLog] = useState({ lines: null, newest: 0, leftOut: 0, problem: null });
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    let newest = 0;
    const read = async () => {
      try {
        const query = new URLSearchParams({ after: newest, request });
        const answer = document.hidden && newest ? null : await get(`/functions/${encodeURIComponent(name)}/log?${query}`, { signal: abort.signal });
        if (answer && (answer.newest !== newest || !newest)) {
          const anew = answer.newest < newest || !newest;
          newest = answer.newest;
          setLog((log) => ({
            lines: [...(anew ? [] : log.lines ?? []), ...answer.lines].slice(-MOST),
            leftOut: (anew ? 0 : log.leftOut) + answer.left_out,
            problem: null,
          }));
        }
      } catch (problem) {
        if (abort.signal.aborted) return;
        setLog((log) => ({ ...log, problem }));
      }
      if (follow) timer = setTimeout(read, BETWEEN);
    };
    read();
    return () => (abort.abort(), clearTimeout(timer));
  }, [name, request, follow]);
  return log;
}

export function Log({ name, request }) {
  const [follow, setFollow] = useState(true);
  const [platform, setPlatform] = useState(true);
  const [search, setSearch] = useState("");
  const { lines, leftOut, problem } = useLines(name, request, follow);
  const box = useRef(null);
  const atEnd = useRef(true);
  const section = useRef(null);
  const shown = useMemo(() => {
    const text = search.toLowerCase();
    const isWanted = ({ kind }) => platform || kind === "output" || kind === "error";
    return (lines ?? []).filter((line) => isWanted(line) && (!text || line.text.toLowerCase().includes(text)));
  }, [lines, platform, search]);
  useLayoutEffect(() => {
    if (box.current && follow && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [shown, follow]);
  useEffect(() => {
    if (request) section.current.scrollIntoView();
  }, [request]);
  const scrolled = ({ target }) => (atEnd.current = target.scrollHeight - target.scrollTop - target.clientHeight < 8);
  const check = (key, value, set) => html`<label class="functions-check">
    <input type="checkbox" checked=${value} onChange=${(event) => set(event.target.checked)} /> ${t(key)}</label>`;
  return html`<section class="functions-log" ref=${section} aria-labelledby="functions-log">
    <div class="head"><h2 id="functions-log">${t("functions.log")}</h2>
      <div class="actions">
        ${request && html`<span class="mono">${t("functions.log.request", { request })}</span>
          <a class="button" href=${link("functions", [name])}>${t("functions.log.all")}</a>`}
        <input type="search" placeholder=${t("functions.log.search")} aria-label=${t("functions.log.search")} value=${search}
          onInput=${(event) => setSearch(event.target.value)} />
        ${check("functions.log.platform", platform, setPlatform)}
        ${check("functions.log.follow", follow, setFollow)}
      </div></div>
    <${Trouble} problem=${problem} />
    ${leftOut > 0 && html`<p class="quiet">${t("functions.log.leftout", { count: leftOut })}</p>`}
    ${lines && !shown.length
      ? html`<p class="quiet">${t(lines.length || request ? "functions.log.empty" : "functions.log.none")}</p>`
      : html`<div class="functions-lines" ref=${box} onScroll=${scrolled} tabindex="0" role="log" aria-live="off" aria-labelledby="functions-log">
          ${shown.map((line) => html`<${Line} key=${line.number} line=${line} name=${name} request=${request} />`)}
        </div>`}
    <p class="quiet">${t("functions.log.time")}</p>
  </section>`;
}

function Line({ line, name, request }) {
  return html`<div class="line ${line.kind}">
    <time datetime=${new Date(line.at * 1000).toISOString()} title=${dateTime(line.at)}>${clockTime(line.at)}</time>
    ${!request && (line.request_id
      ? html`<a href=${link("functions", [name], { request: line.request_id })} title=${line.request_id}>${line.request_id.slice(0, 8)}</a>`
      : html`<span></span>`)}
    <span>${line.text}</span>
  </div>`;
}
