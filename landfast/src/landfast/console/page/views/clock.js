// The clock: how time passes, what is under way, and what is due next.
import { mayChange, post } from "console/api.js";
import { dateTime, t } from "console/language.js";
import { now, useFetched, useLive, useRepeated, useTick } from "console/live.js";
import { Action, Countdown, Empty, Head, Moment, State, Trouble } from "console/parts/common.js";
import { html, useState } from "console/preact.js";

const FAR = 12 * 3600;
const UNITS = [1, 60, 3600, 86400];

export function Clock() {
  const { data: clock, problem, reload } = useFetched("/clock");
  useRepeated(reload, 1000);
  if (!clock) return html`<${Head} title=${t("clock.title")} /><${Trouble} problem=${problem} />`;
  const ask = async (path, content) => {
    await post(path, content);
    reload();
  };
  return html`
    <${Head} title=${t("clock.title")} />
    <${Trouble} problem=${problem} />
    <section class="card clock-now">
      <${Face} />
      <${Modes} clock=${clock} ask=${ask} />
      <${Jumps} ask=${ask} />
    </section>
    ${clock.jumps_to !== null && html`<div class="notice open clock-jumping" role="status">
      <span>${t("clock.jumping", { moment: dateTime(clock.jumps_to) })}</span>
      <${Action} act=${() => (clock.held ? ask("/clock/hold") : ask("/clock", clock))}>${t("clock.giveup")}<//>
    </div>`}
    <section aria-labelledby="clock-underway">
      <h2 id="clock-underway">${t("clock.underway")}</h2>
      ${clock.under_way.length === 0
        ? html`<p class="quiet">${t("clock.rests")}</p>`
        : html`<ul class="clock-underway">${clock.under_way.map((each) => html`<li><${State} of="running" /> ${each}</li>`)}</ul>`}
    </section>
    <${Due} clock=${clock} ask=${ask} />
  `;
}

function Face() {
  useTick(100);
  useLive();
  return html`<time class="clock-face" datetime=${new Date(now() * 1000).toISOString()}>${dateTime(now())}</time>`;
}

function Modes({ clock, ask }) {
  const [speed, setSpeed] = useState(clock.mode === "fast" ? clock.speed : 60);
  const mode = clock.held ? "held" : clock.mode;
  const fast = (value) => ask("/clock", { mode: "fast", speed: Number(value) });
  const acts = {
    real: () => ask("/clock", { mode: "real" }),
    fast: () => fast(speed),
    skip: () => ask("/clock", { mode: "skip" }),
    held: () => ask("/clock/hold"),
  };
  const change = (event) => {
    setSpeed(event.target.value);
    if (mode === "fast" && event.target.reportValidity()) fast(event.target.value);
  };
  return html`<div class="clock-modes">
    <div class="segments" role="group" aria-label=${t("clock.mode")}>
      ${Object.entries(acts).map(
        ([each, act]) => html`<button type="button" key=${each} aria-pressed=${each === mode} disabled=${!mayChange()}
          onClick=${act}>${t(`clock.choose.${each}`)}</button>`,
      )}
    </div>
    <label class="clock-speed"><input type="number" min="0.01" max="100000" step="any" value=${speed} required
      disabled=${!mayChange()} onChange=${change} /> <span>${t("clock.speed")}</span></label>
    <p class="quiet">${t(`clock.about.${mode}`)}</p>
  </div>`;
}

function Jumps({ ask }) {
  const [amount, setAmount] = useState("15");
  const [unit, setUnit] = useState(60);
  const [moment, setMoment] = useState("");
  const to = (seconds) => ask("/clock/jump", { to: seconds });
  const named = Date.parse(moment) / 1000;
  const isOff = !mayChange();
  return html`<div class="clock-jumps">
    <${Action} kind="main" act=${() => ask("/clock/step")} disabled=${isOff} title=${t("clock.step.title")}>${t("clock.step")}<//>
    <${Action} act=${() => ask("/clock/jump")} disabled=${isOff}>${t("clock.next")}<//>
    <fieldset disabled=${isOff}><legend>${t("clock.ahead")}</legend>
      <input type="number" min="0" step="any" aria-label=${t("clock.amount")} value=${amount} onInput=${(event) => setAmount(event.target.value)} />
      <select aria-label=${t("clock.unit")} value=${unit} onChange=${(event) => setUnit(Number(event.target.value))}>
        ${UNITS.map((each) => html`<option value=${each}>${t(`clock.unit.${each}`)}</option>`)}
      </select>
      <${Action} act=${() => to(now() + amount * unit)} disabled=${!(amount > 0)}>${t("clock.jump")}<//>
    </fieldset>
    <fieldset disabled=${isOff}><legend>${t("clock.moment")}</legend>
      <input type="text" size="19" placeholder="2030-01-31 12:00" aria-label=${t("clock.moment")} aria-invalid=${Boolean(moment) && !named}
        value=${moment} onInput=${(event) => setMoment(event.target.value)} />
      <${Action} act=${() => to(named)} disabled=${!named}>${t("clock.jump")}<//>
    </fieldset>
  </div>`;
}

function Due({ clock, ask }) {
  const rows = clock.planned;
  return html`<section>
    <h2 id="clock-due">${t("clock.due")}</h2>
    ${rows.length === 0
      ? html`<${Empty} title=${t("clock.nothing")}><p>${t("clock.nothing.about")}</p><//>`
      : html`<div class="table clock-due" tabindex="0" role="region" aria-labelledby="clock-due"><table>
          <thead><tr>
            ${["left", "what", "due", "kind"].map((each) => html`<th scope="col">${t(`clock.col.${each}`)}</th>`)}
            <th><span class="hidden">${t("clock.there")}</span></th>
          </tr></thead>
          <tbody>${rows.map(
            (row) => html`<tr key=${`${row.due} ${row.what} ${row.background}`} class=${row.background ? "quiet" : ""}>
              <td><${Countdown} due=${row.due} /></td>
              <td>${row.what}</td>
              <td>${row.due - clock.now > FAR ? html`<span class="number">${dateTime(row.due)}</span>` : html`<${Moment} at=${row.due} />`}</td>
              <td><${State} kind=${row.background ? "none" : "open"}>${t(row.background ? "clock.background" : "clock.planned")}<//></td>
              <td><${Action} kind="plain" disabled=${!mayChange()} act=${() => ask("/clock/jump", { to: row.due })}
                title=${t("clock.there.title", { moment: dateTime(row.due), what: row.what })}>${t("clock.there")}<//></td>
            </tr>`,
          )}</tbody>
        </table></div>`}
    ${rows.some((row) => row.background) && html`<p class="quiet">${t("clock.background.about")}</p>`}
  </section>`;
}
