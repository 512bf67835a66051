// The views, in the order of the navigation: each with its texts, and whether it can do without a server.
import eventTexts from "console/languages/events.js";
import mapTexts from "console/languages/map.js";
import { Events } from "console/views/events.js";
import { Map } from "console/views/map.js";

/** `icon` is a path on a 16 by 16 grid; a view without one is reached by links only. */
export const views = [
  { name: "map", View: Map, texts: mapTexts, offline: false, icon: "M2 3h4v4H2zM10 9h4v4h-4zM6 5h3v6h1" },
  { name: "events", View: Events, texts: eventTexts, offline: false, icon: "M2 3h12M2 8h12M2 13h8" },
];
