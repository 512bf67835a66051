// The bar above all views: whose stack this is, what time it is there, and how the page looks.
import { report } from "console/api.js";
import { choose, clockTime, language, languages, t } from "console/language.js";
import { now, useFetched, useLive, useTick } from "console/live.js";
import { html, useState } from "console/preact.js";
import { link } from "console/route.js";

const KEPT = "landfast.theme";
const THEMES = ["auto", "light", "dark"];

function wear(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

wear(localStorage.getItem(KEPT) ?? "auto");

export function Bar() {
  const { data: stack } = useFetched("/stack", { follow: false });
  return html`<header class="bar">
    <a class="brand" href=${link("map")}>
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 1v8m0 0L4.5 5.5M8 9l3.5-3.5M2 12.5h12" /></svg>
      <span>Landfast</span>
    </a>
    ${stack && html`<span class="stack" title=${stack.endpoint}>${stack.name}<span class="quiet"> ${stack.region}</span></span>`}
    <span class="space"></span>
    ${!report && html`<${Time} />`}
    <${Theme} />
    <label class="choice"><span class="hidden">${t("bar.language")}</span>
      <select value=${language()} onChange=${(event) => choose(event.target.value)}>
        ${Object.entries(languages).map(([code, name]) => html`<option value=${code} lang=${code}>${name}</option>`)}
      </select>
    </label>
  </header>`;
}

function Time() {
  useTick();
  const { state, connected } = useLive();
  if (!state) return null;
  const { speed, held } = state.clock;
  const mode = held ? "held" : state.clock.mode;
  return html`<a class="time ${connected ? "" : "lost"}" href=${link("clock")} title=${t(`clock.${mode}.title`)}>
    <span class="number">${clockTime(now()).slice(0, 8)}</span>
    <span class="quiet">${t(`clock.${mode}`, { speed })}</span>
  </a>`;
}

function Theme() {
  const [theme, setTheme] = useState(localStorage.getItem(KEPT) ?? "auto");
  const choose = (event) => {
    localStorage.setItem(KEPT, event.target.value);
    wear(event.target.value);
    setTheme(event.target.value);
  };
  return html`<label class="choice"><span class="hidden">${t("bar.theme")}</span>
    <select value=${theme} onChange=${choose}>
      ${THEMES.map((each) => html`<option value=${each}>${t(`theme.${each}`)}</option>`)}
    </select>
  </label>`;
}
