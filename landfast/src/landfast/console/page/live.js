// The state of the service, which it sends whenever it has changed; and answers of the API that follow it.
import { get, report } from "console/api.js";
import { useCallback, useEffect, useRef, useState } from "console/preact.js";

const BETWEEN = 500;
const listeners = new Set();
let state = null;
let since = 0;
let connected = false;

/** Keep one connection for the whole page. EventSource connects again by itself. */
export function connect() {
  if (report) return;
  const source = new EventSource("/_landfast/api/live");
  source.onmessage = (message) => {
    state = JSON.parse(message.data);
    since = performance.now();
    tell(true);
  };
  source.onerror = () => tell(false);
}

function tell(now) {
  connected = now;
  listeners.forEach((listener) => listener());
}

/** The state, and whether the service answers; drawn again with each message. */
export function useLive() {
  const [, draw] = useState(0);
  useEffect(() => {
    const listener = () => draw((count) => count + 1);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return { state, connected };
}

/** The service's time now, in Unix seconds; this machine's time where there is none. */
export function now() {
  if (!state) return report?.now ?? Date.now() / 1000;
  return state.clock.held ? state.clock.now : state.clock.now + ((performance.now() - since) / 1000) * state.clock.speed;
}

/** Draw again every so many milliseconds: for what only time changes. */
export function useTick(every = 1000) {
  const [, draw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => draw((count) => count + 1), every);
    return () => clearInterval(timer);
  }, [every]);
}

/**
 * What the API answers to GET `path`, asked again whenever the journal has grown, at most twice a second. The last
 * answer stays while the next one is on its way. Without a path nothing is asked.
 */
export function useFetched(path, { follow = true } = {}) {
  const [answer, setAnswer] = useState({ path: null, data: null, problem: null });
  const { state: current } = useLive();
  const asking = useRef(null);
  const asked = useRef({ path: null, journal: -1, at: 0 });
  const timer = useRef(0);

  const load = useCallback(() => {
    clearTimeout(timer.current);
    asking.current?.abort();
    if (!path) return;
    const abort = (asking.current = new AbortController());
    asked.current = { path, journal: state?.journal ?? -1, at: performance.now() };
    const answered = (next) => {
      if (abort.signal.aborted) return;
      asking.current = null;
      setAnswer(next);
    };
    get(path, { signal: abort.signal }).then(
      (data) => answered({ path, data, problem: null }),
      (problem) => answered((last) => ({ path, data: last.path === path ? last.data : null, problem })),
    );
  }, [path]);

  useEffect(() => {
    const before = asked.current;
    if (before.path !== path) load();
    // A slow answer is waited for: where the journal never rests, asking again would give it up for ever.
    else if (follow && current && !asking.current && before.journal !== current.journal) {
      clearTimeout(timer.current);
      timer.current = setTimeout(load, Math.max(0, BETWEEN - (performance.now() - before.at)));
    }
  }, [path, load, follow, current?.journal, answer]);
  useEffect(() => () => (clearTimeout(timer.current), asking.current?.abort()), []);

  return { data: answer.data, problem: answer.problem, loading: answer.path !== path, reload: load };
}

/** Ask again every so many milliseconds while the page is seen: for what changes without a line in the journal. */
export function useRepeated(reload, every) {
  useEffect(() => {
    const timer = setInterval(() => document.hidden || reload(), every);
    return () => clearInterval(timer);
  }, [reload, every]);
}
