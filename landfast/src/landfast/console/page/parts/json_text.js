// JSON as text: where it is wrong, laid out with its numbers as they are written, and what differs between two of it.
// JSON.parse would say where it is wrong in each browser's own words, and round what a double cannot hold.

const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const PLAIN = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
const SPACE = /[ \t\r\n]*/y;
const NAME = /^[A-Za-z_]\w*$/;
const DEEPEST = 500;

/**
 * Read a text as JSON: `{formatted, leaves}`, the values by their paths; or `{wrong, line, column}`, where `wrong` names
 * what is expected there: `value`, `string`, `name`, `colon`, `comma`, `end` or `depth`.
 */
export function scan(text) {
  const leaves = new Map();
  let at = 0;

  const fail = (wrong) => {
    throw Object.assign(new SyntaxError(wrong), { wrong });
  };
  const take = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const has = (mark) => {
    take(SPACE);
    if (text[at] !== mark) return false;
    at += 1;
    return true;
  };
  const leaf = (path, value) => (leaves.set(path, value), value);

  function items(path, indent, close, item) {
    if (has(close)) return null;
    const inner = `${indent}  `;
    const found = [];
    do found.push(inner + item(found.length, inner));
    while (has(","));
    if (!has(close)) fail("comma");
    return `\n${found.join(",\n")}\n${indent}`;
  }

  function value(path, indent, depth) {
    if (depth > DEEPEST) fail("depth");
    take(SPACE);
    if (text[at] === '"') return leaf(path, take(STRING) ?? fail("string"));
    if (has("{")) {
      const inside = items(path, indent, "}", (_, inner) => {
        take(SPACE);
        const name = take(STRING) ?? fail("name");
        if (!has(":")) fail("colon");
        const key = JSON.parse(name);
        return `${name}: ${value(NAME.test(key) ? `${path}.${key}` : `${path}[${name}]`, inner, depth + 1)}`;
      });
      return inside === null ? leaf(path, "{}") : `{${inside}}`;
    }
    if (has("[")) {
      const inside = items(path, indent, "]", (place, inner) => value(`${path}[${place}]`, inner, depth + 1));
      return inside === null ? leaf(path, "[]") : `[${inside}]`;
    }
    return leaf(path, take(PLAIN) ?? fail("value"));
  }

  try {
    const formatted = value("$", "", 1);
    take(SPACE);
    if (at < text.length) fail("end");
    return { formatted, leaves };
  } catch (error) {
    if (!error.wrong) throw error;
    const before = text.slice(0, at).split("\n");
    return { wrong: error.wrong, line: before.length, column: before.at(-1).length + 1 };
  }
}

/** What differs between two texts: `[{path, before, after}]`, where what is new has no before; null if one is no JSON. */
export function differences(before, after) {
  const [old, fresh] = [scan(before).leaves, scan(after).leaves];
  if (!old || !fresh) return null;
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .map((path) => ({ path, before: old.get(path), after: fresh.get(path) }))
    .filter((each) => each.before !== each.after);
}
