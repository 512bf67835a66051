// Answers in a report file, which has no server: from what lies in the file.

const MOST_LATER = 1e12;

/** What the console's API would answer to GET `path`; undefined if the file does not know. */
export function answered(kept, path) {
  const [name, query] = path.split("?");
  return name === "/events" ? listed(kept["/events"], new URLSearchParams(query), kept.now) : kept[decodeURIComponent(name)];
}

/** The window of the list of events that is asked for, as `landfast.console.events` answers it. */
function listed(all, query, now) {
  const asked = (name) => query.get(name) ?? "";
  const states = asked("state").split(",").filter(Boolean);
  const text = asked("text").trim().toLowerCase();
  const since = asked("within") ? now - Number(asked("within")) : -MOST_LATER;
  const ofFunction = all.events.filter((each) => !asked("function") || each.function === asked("function"));
  const found = ofFunction.filter(
    (each) =>
      each.at >= since &&
      (!states.length || states.includes(each.state)) &&
      (!text || `${each.id} ${each.origin} ${each.error} ${each.test}`.toLowerCase().includes(text)),
  );
  const offset = Number(asked("offset"));
  return {
    ...all,
    events: found.slice(offset, offset + Number(asked("limit") || 100)),
    offset,
    matching: found.length,
    states: Object.fromEntries(Object.entries(Object.groupBy(ofFunction, (each) => each.state)).map(([state, some]) => [state, some.length])),
  };
}
