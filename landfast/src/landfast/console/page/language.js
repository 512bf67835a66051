// The page's texts in the reader's language, and its numbers and times as that language writes them.
import { useEffect, useState } from "console/preact.js";

const KEPT = "landfast.language";
const texts = {};
const listeners = new Set();

/** The languages, by their own names. */
export const languages = { en: "English", ko: "한국어" };

let current = kept();

function kept() {
  const chosen = localStorage.getItem(KEPT) ?? new URLSearchParams(location.search).get("language") ?? navigator.language;
  return chosen.slice(0, 2) in languages ? chosen.slice(0, 2) : "en";
}

/** Add the texts of a view: `{"view.name": {en: "...", ko: "..."}}`; a text can differ by number: `{one, other}`. */
export function add(more) {
  Object.assign(texts, more);
}

export const language = () => current;

export function choose(chosen) {
  current = chosen;
  localStorage.setItem(KEPT, chosen);
  document.documentElement.lang = chosen;
  listeners.forEach((listener) => listener());
}

/** Draw again when the reader chooses another language. */
export function useLanguage() {
  const [, draw] = useState(0);
  useEffect(() => {
    const listener = () => draw((count) => count + 1);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return current;
}

/** A text with what stands for the names in its braces; a number named `count` decides between its forms. */
export function t(key, values = {}) {
  let text = texts[key]?.[current];
  if (text === undefined) throw new Error(`no text ${key} in ${current}`);
  if (typeof text !== "string") text = text[new Intl.PluralRules(current).select(values.count)] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name]));
}

/** Whether there is such a text: for codes that come from the server. */
export const has = (key) => key in texts;

export const number = (value) => new Intl.NumberFormat(current).format(value);

/** A moment's time of day, with milliseconds, in the reader's time zone. */
export function clockTime(seconds) {
  const date = new Date(seconds * 1000);
  const two = (part) => String(part).padStart(2, "0");
  const milliseconds = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

/** A moment with its day, as the language writes it. */
export const dateTime = (seconds) =>
  new Intl.DateTimeFormat(current, { dateStyle: "medium", timeStyle: "medium" }).format(seconds * 1000);

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** A span of time in its two largest units: `1 h 5 min`, `12.5 s`, `80 ms`. */
export function span(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${Math.round(seconds * 10) / 10} s`;
  const index = UNITS.findIndex(([, size]) => seconds >= size);
  const [unit, size] = UNITS[index];
  const [smaller, smallerSize] = UNITS[index + 1];
  const rest = Math.floor((seconds % size) / smallerSize);
  return `${Math.floor(seconds / size)} ${unit}${rest ? ` ${rest} ${smaller}` : ""}`;
}
