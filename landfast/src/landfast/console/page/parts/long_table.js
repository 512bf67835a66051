// A table of many thousand rows, of which only those in sight are drawn; they are asked for as they come into sight.
import { html, useEffect, useId, useLayoutEffect, useRef, useState } from "console/preact.js";

const ROW = 34; // pixels; styles/events.css has the same
const MARGIN = 10; // rows drawn above and below what is in sight

/**
 * A column is `{name, title, cell(row), hint(row)}`: the hint tells what a narrow cell cuts off.
 * `rowAt(index)` gives a row that is at hand; what is not is asked for by `show(first, last)`. `hold(true)` tells that
 * somebody reads: rows have to keep their places then. A change of `top` goes back to the first row.
 */
export function LongTable({ label, count, columns, rowAt, keyOf, show, hold, open, top, busy }) {
  const box = useRef(null);
  const id = useId();
  const [first, setFirst] = useState(0);
  const [fit, setFit] = useState(30);
  const [active, setActive] = useState(null);
  const [focused, setFocused] = useState(false);
  const end = Math.min(count, first + fit + MARGIN);
  const begin = Math.max(0, Math.min(first - MARGIN, end - 1));
  const current = active === null ? null : Math.min(active, count - 1);

  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => setFit(Math.ceil(box.current.clientHeight / ROW)));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    box.current.scrollTop = 0;
    setActive(null);
  }, [top]);
  useEffect(() => show(begin, end), [begin, end]);
  const held = first > 0 || (focused && current !== null);
  useEffect(() => hold(held), [held]);

  const move = (to) => {
    const row = Math.max(0, Math.min(to, count - 1));
    setActive(row);
    const { scrollTop, clientHeight } = box.current;
    if (row * ROW < scrollTop) box.current.scrollTop = row * ROW;
    else if ((row + 2) * ROW > scrollTop + clientHeight) box.current.scrollTop = (row + 2) * ROW - clientHeight;
  };
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = current ?? first - 1; // the first key chooses the first row in sight
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + fit - 2, PageUp: at - fit + 2, Home: 0, End: count - 1 };
    if (event.key === "Enter" && current !== null && rowAt(current)) open(rowAt(current));
    else if (event.key === "Escape") setActive(null);
    else if (event.key in moves) move(moves[event.key]);
    else return;
    event.preventDefault();
  };
  const rows = Array.from({ length: Math.max(0, end - begin) }, (_, offset) => begin + offset);
  return html`<div class="table long" ref=${box} onScroll=${() => setFirst(Math.floor(box.current.scrollTop / ROW))}>
    <div style=${{ height: `${(count + 1) * ROW}px`, paddingTop: `${begin * ROW}px` }}>
      <table role="grid" tabindex="0" aria-label=${label} aria-rowcount=${count + 1} aria-busy=${busy}
          aria-activedescendant=${current !== null && current >= begin && current < end ? `${id}-${current}` : undefined}
          onKeyDown=${press} onFocus=${() => setFocused(true)} onBlur=${() => setFocused(false)}>
        <thead><tr aria-rowindex="1">${columns.map((each) => html`<th key=${each.name} scope="col" class="c-${each.name}">${each.title}</th>`)}</tr></thead>
        <tbody>${rows.map((index) => {
          const row = rowAt(index);
          return html`<tr key=${row ? keyOf(row) : index} id="${id}-${index}" aria-rowindex=${index + 2}
              aria-selected=${index === current} onClick=${(event) => row && !event.target.closest("a") && open(row)}>
            ${columns.map((each) => html`<td key=${each.name} class="c-${each.name}" title=${row && each.hint?.(row)}>${row ? each.cell(row) : ""}</td>`)}
          </tr>`;
        })}</tbody>
      </table>
    </div>
  </div>`;
}
