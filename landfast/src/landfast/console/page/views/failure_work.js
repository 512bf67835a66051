// What is done with failures, each in a dialog: what would happen, then how far it is, then what became of it.
import { get, post, remove } from "console/api.js";
import { number, t } from "console/language.js";
import { Action, Dialog, Json, Notice, Trouble } from "console/parts/common.js";
import { Editor, wrongJson } from "console/parts/editor.js";
import { html, useEffect, useRef, useState } from "console/preact.js";
import { link } from "console/route.js";
import { going } from "console/views/failure.js";

const TYPING = 300;
const POLL = 250;
const SHOWN = 20;

/** Replay: of one failure, its event can be changed before. */
export function Replaying({ meant, functions, draft, close }) {
  const [to, setTo] = useState("");
  const [text, setText] = useState(draft?.text ?? "");
  const [job, setJob] = useState(null);
  const [key] = useState(() => crypto.randomUUID());
  const right = !draft?.is_json || wrongJson(text) === null;
  const wanted = { meant, to: to || null, text: draft && text !== draft.text ? text : null, key };
  const { plan, problem } = usePlan(right && !job ? wanted : null);
  const start = async () => setJob(await post("/failures/replay", wanted));
  const ready = right && plan?.count > 0 && plan.destinations.every(([each]) => each.by !== "nowhere" || plan.destinations.length > 1);
  return html`<${Dialog} title=${t(draft ? "failures.replay.now" : "failures.replay.title")} close=${() => close(job)}>
    ${job ? html`<${Progress} job=${job} setJob=${setJob} kind="replay" plan=${plan} />` : html`
      ${draft && html`<${Editor} label=${t("failures.event")} before=${draft.text} value=${text} json=${draft.is_json ? "must" : "may"} change=${setText}
        rows=${Math.min(18, Math.max(6, text.split("\n").length))} />`}
      <label class="field">${t("failures.to")}
        <select value=${to} onChange=${(event) => setTo(event.target.value)}>
          <option value="">${t("failures.to.same")}</option>
          ${functions.map((each) => html`<option value=${each}>${each}</option>`)}
        </select>
      </label>
      <${Plan} plan=${right ? plan : null} />
      <${Trouble} problem=${problem} />
      <div class="failures-foot"><${Action} kind="main" disabled=${!ready} act=${start}>${
        draft ? t("failures.replay.now") : t("failures.replay.many", { count: plan?.count ?? 0 })
      }<//></div>`}
  <//>`;
}

/** What a replay would send where: asked while its settings are chosen. */
function usePlan(wanted) {
  const [told, setTold] = useState({ plan: null, problem: null });
  const asked = JSON.stringify(wanted);
  const first = useRef(true);
  useEffect(() => {
    if (!wanted) return undefined;
    let current = true;
    const timer = setTimeout(() => {
      post("/failures/plan", wanted).then(
        (plan) => current && setTold({ plan, problem: null }),
        (problem) => current && setTold({ plan: null, problem }),
      );
    }, first.current ? 0 : TYPING);
    first.current = false;
    return () => ((current = false), clearTimeout(timer));
  }, [asked]);
  return told;
}

function Plan({ plan }) {
  if (!plan) return null;
  const alone = plan.count === 1 && plan.destinations[0][0].text;
  return html`<div class="failures-plan" role="status">
    <p class="quiet">${t("failures.goes")}</p>
    <ul>${plan.destinations.map(([each, count]) => html`<li>${plan.count > 1 && html`<span class="number">${number(count)}</span> `}${going(each)}</li>`)}</ul>
    ${plan.left_out > 0 && html`<p class="quiet">${t("failures.leftout", { count: plan.left_out })}</p>`}
    ${alone && html`<details><summary>${t("failures.sent")}</summary><${Json} value=${alone} label=${t("failures.sent")} /></details>`}
  </div>`;
}

export function Discarding({ meant, count, close }) {
  const [job, setJob] = useState(null);
  const [key] = useState(() => crypto.randomUUID());
  const start = async () => setJob(await post("/failures/discard", { meant, key }));
  return html`<${Dialog} title=${t("failures.discard.title")} close=${() => close(job)}>
    ${job ? html`<${Progress} job=${job} setJob=${setJob} kind="discard" />` : html`
      <p>${t("failures.discard.sure", { count })}</p>
      <div class="failures-foot"><${Action} kind="danger" act=${start}>${t("failures.discard.now", { count })}<//></div>`}
  <//>`;
}

function Progress({ job, setJob, kind, plan }) {
  const [problem, setProblem] = useState(null);
  const over = job.state !== "waiting" && job.state !== "running";
  useEffect(() => {
    if (over) return undefined;
    const timer = setTimeout(() => get(`/jobs/${job.id}`).then(setJob, setProblem), POLL);
    return () => clearTimeout(timer);
  }, [job]);
  const stays = (job.outcomes.refused ?? 0) + (job.outcomes.held ?? 0);
  const to = plan?.destinations[0]?.[0].by;
  return html`
    ${over
      ? html`<${Notice} kind=${job.state === "failed" || stays ? "bad" : job.state === "stopped" ? "kept" : "good"}>${
          job.message || (job.state === "stopped" ? t("failures.stopped") : t("failures.done", { count: job.done }))
        }<//>`
      : html`<label class="field">${t(`failures.${kind}.running`)} <progress max=${job.total ?? 1} value=${job.total === null ? undefined : job.done}></progress></label>`}
    <p class="number" role="status">${job.total !== null && t("failures.progress", { done: job.done, total: job.total })}
      ${" "}${Object.entries(job.outcomes).map(([name, count]) => t(`failures.${kind}.${name}`, { count })).join(", ")}</p>
    ${job.troubles.length > 0 && html`<ul class="failures-troubles">${job.troubles.slice(0, SHOWN).map((each) => html`<li key=${each.id}><code>${each.id}</code> ${each.reason}</li>`)}</ul>`}
    ${over && job.total === 1 && job.mark && (to === "invoke" || to === "send") && html`<p><a href=${link("events", [job.mark])}>${t("failures.see")}</a></p>`}
    <${Trouble} problem=${problem} />
    ${!over && job.total !== 1 && html`<div class="failures-foot"><${Action} act=${async () => setJob(await remove(`/jobs/${job.id}`))}>${t("failures.stop")}<//></div>`}`;
}
