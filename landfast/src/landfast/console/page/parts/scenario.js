// Scenarios as the page handles them: values at places, and the link that holds a whole one.

/** The value at a place such as `mapping.BatchSize`; undefined where there is none. */
export const at = (object, place) => place.split(".").reduce((value, part) => value?.[part], object);

/** The same object with another value at a place; without one, what is left empty goes as well. */
export function put(object, place, value) {
  const [name, ...rest] = place.split(".");
  const { [name]: old, ...others } = object ?? {};
  const made = rest.length ? put(old, rest.join("."), value) : value;
  const empty = made === undefined || (rest.length > 0 && Object.keys(made).length === 0);
  return empty ? others : { ...object, [name]: made };
}

const binary = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

async function through(stream, bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

/** What is given as text for a link: compressed where the browser can. */
export async function packed(value) {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const small = globalThis.CompressionStream ? await through(new CompressionStream("deflate-raw"), bytes) : bytes;
  const text = btoa(binary(small)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return (small === bytes ? "j" : "d") + text;
}

/** What a link holds; null if it holds nothing that can be read. */
export async function unpacked(text) {
  try {
    const bytes = Uint8Array.from(atob(text.slice(1).replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    const whole = text[0] === "d" ? await through(new DecompressionStream("deflate-raw"), bytes) : bytes;
    return JSON.parse(new TextDecoder().decode(whole));
  } catch {
    return null;
  }
}
