// The accounts of a report file: a chapter for each source, or for each source of each test.
import { t } from "console/language.js";
import { useFetched } from "console/live.js";
import { Empty, Head } from "console/parts/common.js";
import { html, useLayoutEffect, useRef } from "console/preact.js";
import { go, link } from "console/route.js";

export function Accounts({ parts: [number = "1"] }) {
  const { data } = useFetched("/accounts", { follow: false });
  if (!data) return html`<${Head} title=${t("accounts.title")} />`;
  const shown = Math.min(Math.max(1, Number(number) || 1), data.length);
  return html`
    <${Head} title=${t("accounts.title")}>
      ${data.length > 1 && html`<label class="chapter"><span class="hidden">${t("accounts.which")}</span>
        <select value=${String(shown)} onChange=${(event) => go(link("accounts", [event.target.value]))}>
          ${data.map((title, index) => html`<option value=${String(index + 1)}>${title}</option>`)}
        </select></label>`}
    <//>
    ${data.length ? html`<${Chapter} key=${shown} number=${shown} />` : html`<${Empty} title=${t("accounts.none")} />`}
  `;
}

/** A chapter is in the file as it is without scripts: it is only brought here. */
function Chapter({ number }) {
  const place = useRef(null);
  useLayoutEffect(() => {
    const article = document.getElementById(`account-${number}`);
    const home = article.parentNode;
    place.current.append(article);
    return () => home.append(article);
  }, []);
  return html`<div class="told picture" ref=${place} lang="en" />`;
}
