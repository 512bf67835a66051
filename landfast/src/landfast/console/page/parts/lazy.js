// Components that are loaded when they are first drawn, so that a page opens with what it shows.
import { t } from "console/language.js";
import { Notice } from "console/parts/common.js";
import { html, useEffect, useState } from "console/preact.js";

const loads = [];

/** The component that a module exports by this name; nothing is drawn until it is there. */
export function lazy(load, name) {
  let loaded = null;
  loads.push(load);
  return (props) => {
    const [Inner, setInner] = useState(() => loaded);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (Inner) return;
      const done = (module) => {
        loaded = module[name];
        setInner(() => loaded);
      };
      load().then(done, () => setFailed(true));
    }, []);
    if (failed) return html`<${Notice} kind="bad">${t("live.lost")}<//>`;
    return Inner && html`<${Inner} ...${props} />`;
  };
}

/** Load what is not loaded yet, once nothing else is to be done: a click then shows a view at once. */
export function loadAll() {
  const idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 1000));
  // Whoever opens a view that could not be loaded is told then.
  idle(() => loads.forEach((load) => load().catch(() => undefined)));
}
