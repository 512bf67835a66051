// The page: its frame, and the view that the URL names.
import { keepToken, mayChange, report } from "console/api.js";
import { add, t, useLanguage } from "console/language.js";
import common from "console/languages/common.js";
import { connect, useLive } from "console/live.js";
import { Bar } from "console/parts/bar.js";
import { Notice } from "console/parts/common.js";
import { loadAll } from "console/parts/lazy.js";
import { html, render, useEffect, useRef } from "console/preact.js";
import { link, usePlace } from "console/route.js";
import { views } from "console/views.js";

keepToken();
add(common);
views.forEach((view) => add(view.texts));
const offered = views.filter((view) => !report || view.offline);

function App() {
  const language = useLanguage();
  const { view: name, parts, query } = usePlace();
  const { connected, state } = useLive();
  const view = offered.find((each) => each.name === name) ?? offered[0];
  const Shown = parts.length > 0 && view.One ? view.One : view.View;
  const main = useRef(null);
  const where = [view.name, ...parts].join("/");
  const first = useRef(true);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = [t(`nav.${view.name}`), ...parts, "Landfast"].join(" · ");
  }, [where, language]);
  useEffect(() => {
    // Whoever has followed a link goes on reading where it leads; at first, the page begins at its top.
    if (!first.current) main.current.focus({ preventScroll: true });
    first.current = false;
    document.querySelector(".views [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    scrollTo(0, 0);
  }, [where]);
  return html`
    <a class="skip" href="#main" onClick=${(event) => (event.preventDefault(), main.current.focus())}>${t("nav.skip")}</a>
    <${Bar} />
    <nav class="views" aria-label=${t("nav.views")}>
      <ul>
        ${offered.filter((each) => each.icon).map(
          (each) => html`<li key=${each.name}>
            <a href=${link(each.name)} aria-current=${each === view ? "page" : undefined}>
              <svg viewBox="0 0 16 16" aria-hidden="true"><path d=${each.icon} /></svg>
              <span>${t(`nav.${each.name}`)}</span>
            </a>
          </li>`,
        )}
      </ul>
    </nav>
    <main id="main" tabindex="-1" ref=${main}>
      ${!report && state && !connected && html`<${Notice} kind="bad">${t("live.lost")}<//>`}
      ${!report && !mayChange() && html`<${Notice}>${t("live.token")}<//>`}
      <${Shown} key=${view.One ? where : view.name} parts=${parts} query=${query} />
    </main>
  `;
}

connect();
render(html`<${App} />`, document.getElementById("app"));
addEventListener("load", () => setTimeout(loadAll, 1000));
