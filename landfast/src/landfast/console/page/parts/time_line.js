// Spans on a line to scale, with what lies between them folded where it is long: a wait of hours beside calls of milliseconds.
import { clockTime, span } from "console/language.js";
import { now, useTick } from "console/live.js";
import { html } from "console/preact.js";

const FOLDED = 12;
const LANES = 6;

/** `bars` are `{begin, end, kind, title, chosen, choose}`, an open end is now; `until` is what is waited for, if anything. */
export function TimeLine({ bars, until, running, label }) {
  useTick(running || until ? 500 : 3600000);
  const spans = bars.map((bar) => ({ ...bar, end: bar.end ?? Math.max(now(), bar.begin) }));
  const { at, folds } = scale(spans, until);
  const lanes = [];
  const placed = spans.map((bar) => {
    let lane = lanes.findIndex((end) => end <= bar.begin);
    if (lane < 0) lane = Math.min(lanes.length, LANES - 1);
    lanes[lane] = Math.max(lanes[lane] ?? 0, bar.end);
    return { ...bar, lane };
  });
  return html`<figure class="time-line" aria-label=${label}>
    <div class="time-lanes" aria-hidden="true" style=${{ height: `${lanes.length * 18 + 4}px` }}>
      ${folds.map((fold) => html`<span class="fold" style=${{ left: `${fold.left}%`, width: `${fold.width}%` }}>${span(fold.seconds)}</span>`)}
      ${placed.map((bar) => html`<span class="call ${bar.kind} ${bar.chosen ? "chosen" : ""}" title=${bar.title} onClick=${bar.choose}
        style=${{ left: `${at(bar.begin)}%`, width: `${at(bar.end) - at(bar.begin)}%`, top: `${bar.lane * 18 + 4}px` }}></span>`)}
    </div>
    <div class="time-ends" aria-hidden="true"><span>${clockTime(spans[0].begin)}</span><span>${clockTime(until ?? Math.max(...spans.map((bar) => bar.end)))}</span></div>
  </figure>`;
}

/** Where a moment lies, in per cent: what is under way is to scale, and so are short pauses; a long one has one width. */
function scale(spans, until) {
  const merged = [];
  for (const { begin, end } of [...spans].sort((one, other) => one.begin - other.begin)) {
    const last = merged.at(-1);
    if (last && begin <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ begin, end });
  }
  const busy = merged.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const long = Math.max(busy, 0.05);
  if (until) merged.push({ begin: until, end: until });
  const pieces = merged.flatMap((piece, index) => {
    const after = merged[index + 1];
    const gap = after ? [{ begin: piece.end, end: after.begin, folded: after.begin - piece.end > long }] : [];
    return [{ ...piece, folded: false }, ...gap];
  });
  const folded = pieces.filter((piece) => piece.folded).length;
  const width = Math.min(FOLDED, 70 / Math.max(1, folded));
  const seconds = pieces.reduce((sum, piece) => sum + (piece.folded ? 0 : piece.end - piece.begin), 0) || 1;
  let left = 0;
  for (const piece of pieces) {
    piece.left = left;
    piece.width = piece.folded ? width : ((100 - folded * width) * (piece.end - piece.begin)) / seconds;
    left += piece.width;
  }
  const at = (moment) => {
    const piece = pieces.find((each) => moment <= each.end) ?? pieces.at(-1);
    const part = piece.end > piece.begin ? Math.max(0, (moment - piece.begin) / (piece.end - piece.begin)) : 0;
    return piece.left + piece.width * Math.min(1, part);
  };
  const folds = pieces.filter((piece) => piece.folded).map((piece) => ({ ...piece, seconds: piece.end - piece.begin }));
  return { at, folds };
}
