// The rule of a step: in a sentence, with a link to its whole text.
import { has, t } from "console/language.js";
import { html } from "console/preact.js";
import { link } from "console/route.js";

/** A rule as the journal notes it: `S-04 function error`. What is no rule is shown as it is. */
export function Rule({ of }) {
  const [id] = of.split(" ");
  if (!/^[SU]-\d+$/.test(id)) return html`<span>${of}</span>`;
  const key = [`rule.${of}`, `rule.${id}`].find(has);
  return html`<span class="rule-told">${key ? t(key) : of.slice(id.length + 1)} <a class="number" href=${link("rules", [id])}>${id}</a></span>`;
}
