// What the views of queues and of streams have in common.
import { t } from "console/language.js";
import { useFetched } from "console/live.js";
import { Icon } from "console/parts/common.js";
import { html, useEffect, useRef } from "console/preact.js";
import { link } from "console/route.js";

/**
 * What the API answers, asked again every so many milliseconds as well: not everything that changes a queue or a stream
 * is in the journal. With 0 it is asked once.
 */
export function useWatched(path, every = 2000) {
  const fetched = useFetched(path, { follow: every > 0 });
  const pending = useRef(false);
  useEffect(() => {
    pending.current = false;
  }, [fetched.data, fetched.problem]);
  useEffect(() => {
    if (!every) return undefined;
    const ask = () => {
      if (document.hidden || pending.current) return; // a slow answer is waited for: asking again would give it up
      pending.current = true;
      fetched.reload();
    };
    const timer = setInterval(ask, every);
    return () => clearInterval(timer);
  }, [fetched.reload, every]);
  return fetched;
}

/** The link to a queue or stream: its logical id with its own name, where they differ; `own` is told in its place. */
export function Named({ view, kind, thing, own = thing.name }) {
  const shown = thing.logical_id || thing.name;
  const place = own === thing.name ? shown : thing.name;
  return html`<a class="q-named" href=${link(view, [place])}><${Icon} kind=${kind} />${shown}</a>
    ${shown !== own && html`<span class="q-own quiet mono">${own}</span>`}`;
}

/** The functions of mappings, with the state of a mapping that does not read. */
export function Mappings({ mappings }) {
  if (!mappings.length) return html`<span class="quiet">${t("sources.nobody")}</span>`;
  return mappings.map(
    (one) => html`<a key=${one.uuid} href=${link("functions", [one.function])} title=${one.id}>${one.function}</a>
      ${one.state !== "Enabled" && html`<span class="quiet"> (${one.state})</span>`} `,
  );
}
